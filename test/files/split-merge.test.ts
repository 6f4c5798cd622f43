import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import { SourceError, UsageError } from '#src/errors.js';
import { merge, planMerge } from '#src/files/merge.js';
import { planSplit, type SplitParams, split } from '#src/files/split.js';
import { finish, sha256 } from '../calls/records.js';
import { run } from '../cli/run.js';
import { ggufBytes, type Parts, type Tensor, text, u32, u64 } from '../gguf/byte-file.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

interface Splits {
  readonly sources: Readonly<Record<'tiny' | 'odd', string>>;
  readonly splits: readonly {
    readonly source: 'tiny' | 'odd';
    readonly args: readonly string[];
    readonly parts: Readonly<Record<string, string>>;
    readonly merged: string;
  }[];
}
const { sources, splits } = JSON.parse(readFileSync(join(fixtures, 'gguf/splits.json'), 'utf8')) as Splits;

const u16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer);
const [U16, U32, I32, STRING, ARRAY] = [2, 4, 5, 8, 9];
const F32 = (name: string, offset = 0): Tensor => ({ name, ne: [8], type: 0, offset });

/** Of version 2, with what is rare: raw bytes, NULs, keys of an earlier merge, empty and scalar tensors. */
function oddFile(): Buffer {
  const bytes = ggufBytes({
    version: 2,
    kv: [
      ['general.architecture', STRING, text('llama')],
      ['raw', STRING, text(Buffer.from('80ff41', 'hex'))],
      ['nul', STRING, text('ab\0cd')],
      ['list', ARRAY, Buffer.concat([u32(STRING), u64(3), text('\0x'), text('y\0'), text('z')])],
      ['split.no', U16, u16(0)],
      ['split.count', U16, u16(0)],
      ['after', U32, u32(5)],
    ],
    tensors: [
      { name: 'a', ne: [8, 1, 1], type: 0, offset: 0 },
      { name: 'b', ne: [], type: 0, offset: 32 },
      { name: 'c', ne: [0], type: 0, offset: 64 },
      { name: 'd', ne: [4, 3, 1, 2], type: 0, offset: 64 },
      { name: 'e', ne: [32, 2, 1], type: 8, offset: 160 },
    ],
    dataBytes: 256,
  });
  for (let i = 0; i < 256; i++) {
    bytes[bytes.length - 256 + i] = i * 7;
  }
  return bytes;
}

function toParams(args: readonly string[]): Omit<SplitParams, 'source'> {
  const after = (name: string) => args[args.indexOf(name) + 1] ?? '';
  return {
    ...(args.includes('--split-max-tensors') && { splitMaxTensors: Number(after('--split-max-tensors')) }),
    ...(args.includes('--split-max-size') && { splitMaxSize: after('--split-max-size') }),
    noTensorFirstSplit: args.includes('--no-tensor-first-split'),
  };
}

const hashes = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, sha256(join(folder, name))]));

let tiny = Buffer.alloc(0);
beforeAll(async () => {
  const out = join(fixtures, '../../out/tiny-for-splits.gguf');
  await finish(convert({ source: join(fixtures, 'Tiny-Verse-2M'), quant: 'q4_k_m', output: out }));
  tiny = readFileSync(out);
  rmSync(out);
});

describe.each(splits)('$source $args, as llama-gguf-split writes it', ({ source, args, parts, merged }) => {
  test('split, merged, and split again', async () => {
    const folder = tempFolder();
    const whole = join(folder, `${source}.gguf`);
    writeFileSync(whole, source === 'tiny' ? tiny : oddFile());
    expect(sha256(whole)).toBe(sources[source]);
    await finish(split({ ...toParams(args), source: whole, output: join(folder, 'parts/part') }));
    expect(hashes(join(folder, 'parts'))).toEqual(parts);

    const last = join(folder, 'parts', Object.keys(parts).at(-1) ?? '');
    await finish(merge({ source: last, output: join(folder, 'merged.gguf') }));
    expect(sha256(join(folder, 'merged.gguf'))).toBe(merged);

    await finish(split({ ...toParams(args), source: last, output: join(folder, 'again/part') }));
    expect(hashes(join(folder, 'again'))).toEqual(parts);
  });
});

test('strings that end at a NUL are warned of', async () => {
  const source = join(tempFolder(), 'odd.gguf');
  writeFileSync(source, oddFile());
  const warnings: string[] = [];
  await planSplit({ source }, (event) => event.event === 'warning' && warnings.push(event.what));
  expect(warnings.map((warning) => warning.split(' ')[0])).toEqual(['nul', 'list']);
});

test('memory does not grow with the length of a row', async () => {
  const source = join(tempFolder(), 'row.gguf');
  writeFileSync(source, ggufBytes({ tensors: [{ name: 'a', ne: [2 ** 24], type: 0, offset: 0 }], dataBytes: 2 ** 26 }));
  const { memory, sourceBytes } = await planSplit({ source, jobs: 1 });
  expect(sourceBytes).toBe(2 ** 26);
  expect(memory).toBeLessThanOrEqual(2 ** 24);
});

test('an alignment of 64 stays that of the first part', async () => {
  const folder = tempFolder();
  await finish(split({ source: join(fixtures, 'gguf/little-endian.bin'), splitMaxTensors: 2, output: `${folder}/p` }));
  await finish(merge({ source: `${folder}/p-00001-of-00002.gguf`, output: `${folder}/m.gguf` }));
  const data = readFileSync(join(fixtures, 'gguf/little-endian.bin')).subarray(960);
  expect(readFileSync(`${folder}/m.gguf`).subarray(-data.length).equals(data)).toBe(true);
});

describe('parts that do not belong together', () => {
  const part = (no: number, count: number, tensors: Tensor[], total = 2): Parts => ({
    kv: [
      ['split.no', U16, u16(no)],
      ['split.count', U16, u16(count)],
      ['split.tensors.count', I32, u32(total)],
    ],
    tensors,
    dataBytes: 32 * tensors.length,
  });
  const write = (files: Record<string, Parts>): string => {
    const folder = tempFolder();
    for (const [name, parts] of Object.entries(files)) {
      writeFileSync(join(folder, name), ggufBytes(parts));
    }
    return join(folder, Object.keys(files)[0] ?? '');
  };
  const [A, B] = ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf'];

  test.each<[string, Record<string, Parts>, RegExp]>([
    ['a part that is missing', { [A]: part(0, 2, [F32('a')]) }, /1 is missing: m-00002-of-00002\.gguf/],
    [
      'most parts of 65535 missing',
      { 'm-00001-of-65535.gguf': part(0, 65535, [F32('a')]) },
      /Of the 65535 parts .*65534 are missing: m-00002-of-65535\.gguf/,
    ],
    [
      'another count than in the names',
      { [A]: part(0, 3, [F32('a')]), [B]: part(1, 3, [F32('b')]) },
      /says that it is part 1 of 3, but its name says 1 of 2/,
    ],
    [
      'the same part twice',
      { [A]: part(0, 2, [F32('a')]), [B]: part(0, 2, [F32('b')]) },
      /says that it is part 1 of 2/,
    ],
    [
      'a tensor in both',
      { [A]: part(0, 2, [F32('a')]), [B]: part(1, 2, [F32('a')]) },
      /tensor a stands in m-00001.* and/,
    ],
    [
      'fewer tensors than there should be',
      { [A]: part(0, 2, [F32('a')], 3), [B]: part(1, 2, [F32('b')], 3) },
      /there are 3 tensors, but the 2 parts have 2/,
    ],
    [
      'tensors that overlap in one',
      { [A]: part(0, 2, [F32('a'), { ...F32('b', 32), ne: [16] }, F32('c', 64)], 4), [B]: part(1, 2, [F32('d')], 4) },
      /the tensors b and c overlap/,
    ],
    ['a whole file under the name of a part', { [A]: { tensors: [F32('a')], dataBytes: 32 }, [B]: {} }, /part 1 of 1/],
    ['a part under the name of a whole file', { 'm.gguf': part(0, 2, [F32('a')]) }, /part 1 of 2, but .* 1 of 1/],
  ])('%s', async (_, files, message) => {
    const failure = await planMerge({ source: write(files) }).catch((error) => error);
    expect(failure).toBeInstanceOf(SourceError);
    expect(failure.message).toMatch(message);
  });

  test('a file that is not split', async () => {
    const source = write({ 'm.gguf': { tensors: [F32('a')], dataBytes: 32 } });
    await expect(planMerge({ source })).rejects.toThrow(UsageError);
    await expect(planMerge({ source })).rejects.toThrow('m.gguf is not split');
  });
});

describe('refused', () => {
  test.each<[Omit<SplitParams, 'source'>, string]>([
    [{ splitMaxTensors: 0 }, '--split-max-tensors is 0'],
    [{ splitMaxTensors: Number.NaN }, '--split-max-tensors is NaN'],
    [{ splitMaxSize: '2T' }, '--split-max-size 2T is no size'],
    [{ splitMaxSize: '0M' }, '--split-max-size 0M is no size'],
    [{ splitMaxSize: '1.5G' }, '--split-max-size 1.5G is no size'],
    [{ splitMaxSize: '100m' }, '--split-max-size 100m is no size'],
    [{ splitMaxSize: '1M', splitMaxTensors: 1 }, 'are both given'],
  ])('%j', async (params, message) => {
    const source = join(tempFolder(), 'm.gguf');
    writeFileSync(source, oddFile());
    await expect(planSplit({ ...params, source })).rejects.toThrow(UsageError);
    await expect(planSplit({ ...params, source })).rejects.toThrow(message);
  });

  test('a first tensor that is larger than a part', async () => {
    const source = join(tempFolder(), 'm.gguf');
    writeFileSync(source, ggufBytes({ tensors: [{ ...F32('a'), ne: [2 ** 18] }], dataBytes: 2 ** 20 }));
    await expect(planSplit({ source, splitMaxSize: '1M' })).rejects.toThrow(/first tensor, a, has 1048576 bytes/);
  });

  test('outputs that are sources, and a merge into a file that exists', async () => {
    const folder = tempFolder();
    const out = join(folder, 'p');
    writeFileSync(join(folder, 'm.gguf'), oddFile());
    await finish(split({ source: join(folder, 'm.gguf'), splitMaxTensors: 3, output: out }));
    const before = hashes(folder);
    const first = `${out}-00001-of-00002.gguf`;
    await expect(finish(split({ source: first, splitMaxTensors: 3, output: out }))).rejects.toThrow(
      'both source and output',
    );
    await expect(finish(merge({ source: first, output: join(folder, 'm.gguf') }))).rejects.toThrow('exists already');
    expect(hashes(folder)).toEqual(before);
  });
});

test('from the command line, as llama-gguf-split takes its arguments', async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, 'parts'));
  writeFileSync(join(folder, 'odd.gguf'), oddFile());
  const options = ['--split-max-tensors', '2'];
  const done = await run(['split', ...options, join(folder, 'odd.gguf'), join(folder, 'parts/part')]);
  expect(done).toMatchObject({ code: 0, out: expect.stringMatching(/part-00001-of-00003\.gguf {2}\d+ B\n/) });
  const [, , , , { parts = {}, merged = '' } = {}] = splits;
  expect(hashes(join(folder, 'parts'))).toEqual(parts);
  const first = join(folder, 'parts/part-00001-of-00003.gguf');
  const plan = await run(['merge', first, join(folder, 'm.gguf'), '--dry-run', '--json']);
  expect(JSON.parse(plan.out).files[0].tensors).toHaveLength(5);
  expect((await run(['merge', first, join(folder, 'm.gguf')])).code).toBe(0);
  expect(sha256(join(folder, 'm.gguf'))).toBe(merged);
  renameSync(join(folder, 'parts/part-00002-of-00003.gguf'), join(folder, 'away.gguf'));
  const missing = await run(['merge', first, join(folder, 'n.gguf')]);
  expect(missing).toMatchObject({ code: 4, err: expect.stringContaining('part-00002-of-00003.gguf') });
});
