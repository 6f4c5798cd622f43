import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import { InterruptedError } from '#src/errors.js';
import { type Difference, type DiffParams, diff } from '#src/files/diff.js';
import { split } from '#src/files/split.js';
import { finish } from '../calls/records.js';
import { run } from '../cli/run.js';
import { ggufBytes, type Parts, text, u32, u64 } from '../gguf/byte-file.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

const [U32, STRING, ARRAY] = [4, 8, 9];
const [F32, F16, Q8_0, I32] = [0, 1, 8, 26];

interface Tensor {
  readonly name: string;
  readonly type: number;
  readonly ne: readonly number[];
  readonly data: Uint8Array;
}

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const f32 = (name: string, ...values: number[]): Tensor => ({
  name,
  type: F32,
  ne: [values.length],
  data: floats(...values),
});
const ARCH: NonNullable<Parts['kv']>[number] = ['general.architecture', STRING, text('llama')];

function fileOf(tensors: readonly Tensor[], kv: Parts['kv'] = [ARCH]): string {
  const pad = (size: number) => Math.ceil(size / 32) * 32;
  let offset = 0;
  const placed = tensors.map((tensor) => {
    const info = { ...tensor, offset };
    offset += pad(tensor.data.length);
    return info;
  });
  const bytes = ggufBytes({ kv: kv ?? [], tensors: placed, dataBytes: offset });
  for (const { data, offset: at } of placed) {
    bytes.set(data, bytes.length - offset + at);
  }
  const path = join(tempFolder(), 'model.gguf');
  writeFileSync(path, bytes);
  return path;
}

const compare = (a: string, b: string, more: Partial<DiffParams> = {}): Promise<Difference> =>
  finish(diff({ a, b, ...more }));

async function errorOf(a: Tensor, b: Tensor) {
  const { tensors } = await compare(fileOf([a]), fileOf([b]));
  expect(tensors).toHaveLength(1);
  return tensors[0]?.error;
}

test('the same contents are the same, however the files are laid out', async () => {
  const source = join(fixtures, 'gguf/little-endian.bin');
  const folder = tempFolder();
  await finish(split({ source, splitMaxTensors: 3, output: `${folder}/p` }));
  expect((await compare(source, source)).same).toBe(true);
  expect(await compare(source, `${folder}/p-00002-of-00002.gguf`)).toMatchObject({
    a: { source, keys: 24, tensors: 4 },
    b: { keys: 27, tensors: 4 },
    same: false,
    kv: [
      { key: 'split.no', from: null, to: { type: 'u16', value: 0 } },
      { key: 'split.tensors.count', from: null, to: { type: 'i32', value: 4 } },
      { key: 'split.count', from: null, to: { type: 'u16', value: 2 } },
    ],
    tensors: [],
    sameOrder: { kv: true, tensors: true },
  });
});

test('keys that are missing, new, of another value or of another type', async () => {
  const a = fileOf(
    [],
    [ARCH, ['x', U32, u32(1)], ['gone', U32, u32(1)], ['list', ARRAY, Buffer.concat([u32(U32), u64(1), u32(7)])]],
  );
  const b = fileOf(
    [],
    [ARCH, ['list', ARRAY, Buffer.concat([u32(U32), u64(1), u32(8)])], ['x', 5, u32(1)], ['new', U32, u32(2)]],
  );
  const { kv, sameOrder } = await compare(a, b);
  expect(kv).toEqual([
    { key: 'x', from: { type: 'u32', value: 1 }, to: { type: 'i32', value: 1 } },
    { key: 'gone', from: { type: 'u32', value: 1 }, to: null },
    {
      key: 'list',
      from: { type: 'array', of: 'u32', value: Uint32Array.of(7) },
      to: { type: 'array', of: 'u32', value: Uint32Array.of(8) },
    },
    { key: 'new', from: null, to: { type: 'u32', value: 2 } },
  ]);
  expect(sameOrder).toEqual({ kv: false, tensors: true });
});

test('tensors that are missing, new, of another shape, in another order', async () => {
  const a = fileOf([f32('gone', 1), f32('shape', 1, 2), f32('x', 3), f32('y', 4)]);
  const b = fileOf([f32('y', 4), f32('x', 3), f32('shape', 1, 2, 3), f32('new', 1)]);
  const { tensors, same, sameOrder } = await compare(a, b);
  expect(tensors).toEqual([
    { name: 'gone', a: { type: 'F32', ne: [1] }, b: null, error: null },
    { name: 'shape', a: { type: 'F32', ne: [2] }, b: { type: 'F32', ne: [3] }, error: null },
    { name: 'new', a: null, b: { type: 'F32', ne: [1] }, error: null },
  ]);
  expect({ same, sameOrder }).toEqual({ same: false, sameOrder: { kv: true, tensors: false } });
});

test('trailing dimensions of one are no difference', async () => {
  const a = { ...f32('x', 1, 2), ne: [2, 1] };
  expect((await compare(fileOf([a]), fileOf([f32('x', 1, 2)]))).same).toBe(true);
});

describe('the error', () => {
  test('of values of the same type', async () => {
    expect(await errorOf(f32('x', 1, 2, 3, 4), f32('x', 1, 2, 3, 6))).toEqual({
      rmse: 1,
      relativeRmse: Math.sqrt(4 / 30),
      maxError: 2,
    });
  });

  test('of a block type, whose values are the scale times the bytes', async () => {
    const values = Array.from({ length: 64 }, (_, i) => i - 32);
    // Two blocks: 2.0 and 0.5 as float16, then 32 bytes each.
    const data = Buffer.concat([
      Buffer.from('0040', 'hex'),
      Buffer.from(values.slice(0, 32).map((value) => value / 2)),
      Buffer.from('0038', 'hex'),
      Buffer.from(values.slice(32).map((value) => value * 2)),
    ]);
    const error = await errorOf(f32('x', ...values), { name: 'x', type: Q8_0, ne: [64], data });
    // Halves are cut off: 16 odd values below zero, each 1 away.
    expect(error).toEqual({ rmse: 0.5, relativeRmse: Math.sqrt(16 / 21856), maxError: 1 });
  });

  test('is 0 where another type holds the same values', async () => {
    const half = { name: 'x', type: F16, ne: [2], data: Uint8Array.from([0, 0x3c, 0, 0xc0]) };
    expect(await errorOf(f32('x', 1, -2), half)).toEqual({ rmse: 0, relativeRmse: 0, maxError: 0 });
  });

  test('of integers', async () => {
    const ints = (...values: number[]) => ({
      name: 'x',
      type: I32,
      ne: [2],
      data: new Uint8Array(Int32Array.from(values).buffer),
    });
    expect(await errorOf(ints(3, 4), ints(3, 1))).toEqual({ rmse: Math.sqrt(4.5), relativeRmse: 3 / 5, maxError: 3 });
  });

  test('does not count NaN and infinity where both have it', async () => {
    const [nan, infinity] = [Number.NaN, Number.POSITIVE_INFINITY];
    expect(await errorOf(f32('x', nan, 3, 4), f32('x', nan, 3, 5))).toEqual({
      rmse: Math.sqrt(1 / 3),
      relativeRmse: 1 / 5,
      maxError: 1,
    });
    expect(await errorOf(f32('x', infinity, 1), f32('x', infinity, 2))).toMatchObject({ maxError: 1 });
    expect(await errorOf(f32('x', nan, 1), f32('x', 1, 1))).toMatchObject({ rmse: nan, maxError: nan });
    expect(await errorOf(f32('x', 1), f32('x', infinity))).toMatchObject({ rmse: infinity, maxError: infinity });
    expect(await errorOf(f32('x', 0), f32('x', 1))).toEqual({ rmse: 1, relativeRmse: infinity, maxError: 1 });
  });

  test('is found in the last value of a long tensor', async () => {
    const count = 2 ** 20 + 3;
    const [a, b] = [new Float32Array(count).fill(1), new Float32Array(count).fill(1)];
    b[count - 1] = 3;
    const tensor = (values: Float32Array) => ({
      name: 'x',
      type: F32,
      ne: [count],
      data: new Uint8Array(values.buffer),
    });
    expect(await errorOf(tensor(a), tensor(b))).toEqual({
      rmse: Math.sqrt(4 / count),
      relativeRmse: Math.sqrt(4 / count),
      maxError: 2,
    });
  });

  test('of a quantization is what quantizing measured', async () => {
    const folder = tempFolder();
    const source = join(fixtures, 'Tiny-Verse-2M');
    const [plain, quantized] = [`${folder}/plain.gguf`, `${folder}/quantized.gguf`];
    await finish(convert({ source, output: plain }));
    const { files } = await finish(convert({ source, quant: 'q4_k_m', stats: true, output: quantized }));
    const { tensors } = await compare(plain, quantized);
    const measured = (files[0]?.tensors ?? []).filter(({ rmse }) => rmse > 0);
    expect(tensors.map(({ name }) => name).sort()).toEqual(measured.map(({ name }) => name).sort());
    for (const { name, rmse, relativeRmse, maxError } of measured) {
      const error = tensors.find((tensor) => tensor.name === name)?.error;
      expect(error?.rmse).toBeCloseTo(rmse, 8);
      expect(error?.relativeRmse).toBeCloseTo(relativeRmse, 6);
      expect(error?.maxError).toBeCloseTo(maxError, 8);
    }
  });
});

test('an AbortSignal ends it', async () => {
  const file = fileOf([f32('x', 1)]);
  await expect(compare(file, file, { signal: AbortSignal.abort() })).rejects.toThrow(InterruptedError);
});

describe('from the command line', () => {
  const long = (last: number) =>
    Buffer.concat([u32(U32), u64(100), ...Array.from({ length: 99 }, (_, i) => u32(i)), u32(last)]);
  const files = () =>
    [
      fileOf(
        [f32('x', 3, 4), f32('same', 1)],
        [
          ARCH,
          ['list', ARRAY, long(1)],
          ['text', STRING, text(`${'x'.repeat(90)}a`)],
          ['a\u001b[2J', STRING, text('evil\u001b]0;')],
        ],
      ),
      fileOf(
        [f32('x', 3, 5), f32('same', 1)],
        [ARCH, ['list', ARRAY, long(2)], ['text', STRING, text(`${'x'.repeat(90)}b\n`)]],
      ),
    ] as const;

  test('a line that sums up, then the differences', async () => {
    const [a, b] = files();
    const { code, out } = await run(['diff', a, b]);
    expect(code).toBe(0);
    expect(out.trim().split('\n')).toEqual([
      `${a} and ${b} differ in 3 keys and 1 of 2 tensors; the farthest is x, 20.0 % off.`,
      '',
      '~ list  u32[100]  1 of its entries changed, the first at 99: 1  →  2',
      '~ text  string  from character 90 on: a  →  b\\n',
      '- a\\u001b[2J  string  evil\\u001b]0;',
      '',
      '   tensor  type  shape   RMSE  relative  largest',
      '~  x       F32   2      0.707    20.0 %     1.00',
    ]);
    expect((await run(['diff', a, a])).out).toBe(`${a} and ${a} are the same: 4 keys, 2 tensors.\n`);
  });

  test('--json has all values; --strict is a gate', async () => {
    const [a, b] = files();
    const { code, out, err } = await run(['diff', a, b, '--json', '--strict']);
    const [difference, error] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(difference.kv[0].from.value).toHaveLength(100);
    expect(difference.tensors).toEqual([
      {
        name: 'x',
        a: { type: 'F32', ne: [2] },
        b: { type: 'F32', ne: [2] },
        error: { rmse: Math.SQRT1_2, relativeRmse: 0.2, maxError: 1 },
      },
    ]);
    expect({ code, exitCode: error.exitCode }).toEqual({ code: 7, exitCode: 7 });
    expect(err).toContain('The files differ.');
    expect((await run(['diff', a, a, '--strict'])).code).toBe(0);
    expect((await run(['diff', a, 'no/such.gguf'])).code).toBe(4);
  });
});
