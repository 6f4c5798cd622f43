import { basename, join } from 'node:path';
import { convert, quantize } from '#src/calls/conversions.js';
import { split } from '#src/files/split.js';
import { inspect } from '#src/gguf-files/inspect.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { finish, run, sha256 } from './records.js';

const source = join(fixtures, 'Tiny-Verse-2M');

function hashes(files: readonly { path: string }[]): string[][] {
  return files.map(({ path }) => [basename(path), sha256(path)]);
}

describe('parts that a run writes are those that splitting its file gives', () => {
  const limits = [{ splitMaxTensors: 10 }, { splitMaxSize: '500K', noTensorFirstSplit: true }] as const;

  test.each(limits)('--quant, %j', async (options) => {
    const [whole, parts, direct] = [tempFolder(), tempFolder(), tempFolder()];
    const { result } = await run({ source, quant: 'q8_0', output: whole });
    const path = result.files[0]?.path ?? '';
    const cut = await finish(split({ source: path, output: `${parts}/`, ...options }));
    const written = await run({ source, quant: 'q8_0', output: `${direct}/`, ...options });
    expect(written.result.files.length).toBeGreaterThan(2);
    expect(hashes(written.result.files)).toEqual(hashes(cut.files));
  });

  test('quantize', async () => {
    const [whole, parts, direct] = [tempFolder(), tempFolder(), tempFolder()];
    const { result } = await run({ source, outtype: 'f16', output: whole });
    const f16 = result.files[0]?.path ?? '';
    const quantized = await finish(quantize({ source: f16, quant: 'q8_0', output: `${whole}/` }));
    const cut = await finish(
      split({ source: quantized.files[0]?.path ?? '', output: `${parts}/`, splitMaxTensors: 7 }),
    );
    const written = await finish(quantize({ source: f16, quant: 'q8_0', output: `${direct}/`, splitMaxTensors: 7 }));
    expect(hashes(written.files)).toEqual(hashes(cut.files));
  });
});

test('without --quant a part holds as many tensors as it may, and the last the rest', async () => {
  const output = tempFolder();
  const { result } = await run({ source, outtype: 'f16', output: `${output}/`, splitMaxTensors: 12 });
  const files = await Promise.all(result.files.map(({ path }) => inspect({ source: path })));
  expect(files.map(({ tensors }) => tensors.length)).toEqual([12, 12, 5]);
  expect(files.map((file) => [file.get('split.no'), file.get('split.count')])).toEqual([
    [0, 3],
    [1, 3],
    [2, 3],
  ]);
});

test('one part: the file as it would be, and a warning', async () => {
  const [output, other] = [tempFolder(), tempFolder()];
  const { result, events } = await run({ source, outtype: 'f16', output: `${output}/`, splitMaxSize: '1G' });
  const plain = await run({ source, outtype: 'f16', output: `${other}/` });
  expect(hashes(result.files)).toEqual(hashes(plain.result.files));
  expect(events).toContainEqual(
    expect.objectContaining({ event: 'warning', what: expect.stringContaining('is not split') }),
  );
});

test.each([
  [{ noTensorFirstSplit: true }, '--no-tensor-first-split has no effect'],
  [{ splitMaxSize: '10X' }, '--split-max-size 10X is no size'],
  [{ splitMaxTensors: 3, vocabOnly: true }, 'A vocabulary alone has no tensors to split'],
])('%j is refused', async (options, what) => {
  await expect(finish(convert({ source, output: tempFolder(), ...options }))).rejects.toThrow(what);
});
