import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { availableTargets, dequantize } from '#src/quantize/native.js';
import { tensorKernels, tensorKernelsOn } from '#src/quantize/tensor-kernels.js';
import { DTYPE_BYTES, type DType } from '#src/tensor/dtype.js';
import type { BinaryOp, CopyParams, UnaryFunction } from '#src/tensor/kernels.js';
import { data } from '../paths.js';
import { REPOSITORY } from '../quantize/vectors.js';
import { dice } from './dice.js';

/** test/fixtures/torch/README.md. */
const TORCH = JSON.parse(readFileSync(join(REPOSITORY, 'test/fixtures/torch/functions.json'), 'utf8')) as Record<
  'exp' | 'softplus',
  { x: string; y: string; halves: string }
> & { float8: Record<'F8_E4M3' | 'F8_E5M2' | 'F8_E8M0', string> };

type Numbers = Float32Array | Float64Array | BigInt64Array | BigUint64Array | Int32Array | Uint32Array | Uint16Array;

/** A view of the bytes at an odd address, as tensors of a checkpoint can lie. */
function bytesOf(values: Numbers | Uint8Array | Int16Array | Int8Array): Uint8Array {
  const bytes = new Uint8Array(values.byteLength + 1).subarray(1);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return bytes;
}

function empty(size: number): Uint8Array {
  return new Uint8Array(size + 1).fill(0xa5).subarray(1);
}

const asFloats = (bytes: Uint8Array) => new Float32Array(bytes.slice().buffer);
const asHalves = (bytes: Uint8Array) => new Uint16Array(bytes.slice().buffer);
const fromBase64 = (text: string) => asFloats(new Uint8Array(Buffer.from(text, 'base64')));
const bitsOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
const floatOf = (bits: number) => new Float32Array(Uint32Array.of(bits).buffer)[0] ?? 0;

/** The addon's errors are not of the realm that Jest makes for a test. */
const RANGE_ERROR = expect.objectContaining({ name: 'RangeError' });

/** Of many values, shows the first that is different. */
function expectSame(got: Bits, expected: Bits): void {
  expect(got).toHaveLength(expected.length);
  const i = got.findIndex((value, at) => value !== expected[at]);
  expect({ i, value: got[i] }).toEqual({ i: -1, value: undefined });
}

type Bits = Uint8Array | Uint16Array | Uint32Array;

const ALL_HALVES = bytesOf(Uint16Array.from({ length: 65_536 }, (_, i) => i));
/** A float16's value, by the format's definition. */
function valueOfHalf(half: number): number {
  const [exponent, mantissa] = [(half >> 10) & 31, half & 1023];
  const size =
    exponent === 31
      ? mantissa === 0
        ? Number.POSITIVE_INFINITY
        : Number.NaN
      : exponent === 0
        ? mantissa * 2 ** -24
        : (1 + mantissa / 1024) * 2 ** (exponent - 15);
  return half & 0x8000 ? -size : size;
}
const HALF_VALUES = Array.from({ length: 65_536 }, (_, half) => valueOfHalf(half));

/** Values between two neighbouring halves, a tie among them, and both of them. */
function aroundHalves(): { value: number; half: number }[] {
  return Array.from({ length: 0x7c00 }, (_, low) => {
    const [below, above] = [HALF_VALUES[low] as number, low === 0x7bff ? 65_536 : (HALF_VALUES[low + 1] as number)];
    const tie = (below + above) / 2;
    return [
      { value: below, half: low },
      { value: tie, half: low + (low & 1) },
      { value: floatOf(bitsOf(tie) - 1), half: low },
      { value: floatOf(bitsOf(tie) + 1), half: low + 1 },
    ];
  }).flat();
}

/** An element's place, and its neighbours', in a buffer. */
function* places(sizes: readonly number[], strides: readonly number[], offset: number): Generator<number> {
  const [size, ...rest] = sizes;
  if (size === undefined) {
    yield offset;
    return;
  }
  for (let i = 0; i < size; i++) {
    yield* places(rest, strides.slice(1), offset + i * (strides[0] as number));
  }
}

function naiveCopy(params: CopyParams): Uint8Array {
  const target = params.target.slice();
  const to = places(params.sizes, params.targetStrides, params.targetOffset);
  for (const from of places(params.sizes, params.sourceStrides, params.sourceOffset)) {
    const at = (to.next().value as number) * params.elementBytes;
    const start = from * params.elementBytes;
    target.set(params.source.subarray(start, start + params.elementBytes), at);
  }
  return target;
}

/** A box in a larger tensor, its axes in any order: strides and offset, and the elements of the whole. */
function randomLayout(sizes: readonly number[], roll: (below: number) => number) {
  const order = sizes.map((_, i) => ({ i, key: roll(1000) })).sort((a, b) => a.key - b.key);
  const strides: number[] = sizes.map(() => 0);
  let [count, offset] = [1 + roll(2), 0];
  for (const { i } of order) {
    strides[i] = count;
    const [before, after] = [roll(2), roll(2)];
    offset += before * count;
    count *= (sizes[i] as number) + before + after;
  }
  return { strides, offset, count: count + 1 };
}

function randomCopy(seed: number): CopyParams {
  const roll = dice(seed);
  const elementBytes = [1, 2, 4, 8, 3, 16, 64][roll(7)] as number;
  const sizes = Array.from({ length: 1 + roll(4) }, () => 1 + roll(roll(4) === 0 ? 70 : 6));
  const [from, to] = [randomLayout(sizes, roll), randomLayout(sizes, roll)];
  return {
    source: bytesOf(Uint8Array.from({ length: from.count * elementBytes }, () => roll(256))),
    sourceOffset: from.offset,
    sourceStrides: from.strides,
    target: empty(to.count * elementBytes),
    targetOffset: to.offset,
    targetStrides: to.strides,
    sizes,
    elementBytes,
  };
}

/** Some matrices, transposed. Rows have a gap between them on both sides, and may be read from the last to the first. */
function randomTranspose(seed: number, elementBytes: number): CopyParams {
  const roll = dice(seed);
  const [count, rows, columns] = [1 + roll(3), 1 + roll(600), 1 + roll(150)];
  const [from, to] = [columns + roll(3), rows + roll(3)];
  const isReversed = roll(3) === 0;
  return {
    source: bytesOf(Uint8Array.from({ length: count * rows * from * elementBytes }, () => roll(256))),
    sourceOffset: isReversed ? (rows - 1) * from : 0,
    sourceStrides: [rows * from, 1, isReversed ? -from : from],
    target: empty(count * columns * to * elementBytes),
    targetOffset: 0,
    targetStrides: [columns * to, to, 1],
    sizes: [count, columns, rows],
    elementBytes,
  };
}

const BINARY: Record<BinaryOp, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};

/** Bits of float32 or float16 values, of every NaN the same. */
function floatBits(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer).map((bits) => ((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits));
}
function halfBits(bytes: Uint8Array): Uint16Array {
  return asHalves(bytes).map((half) => ((half & 0x7fff) > 0x7c00 ? 0x7e00 : half));
}

/** Values of all exponents, subnormals, infinities and NaN among them. */
function randomFloats(count: number, seed: number): Float32Array {
  const roll = dice(seed);
  const special = [0, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 1, 0x807fffff, 0x7f7fffff, 0x3f800000];
  return Float32Array.from({ length: count }, (_, i) => floatOf(special[i] ?? roll(2 ** 32)));
}

describe.each(availableTargets())('on %s', (on) => {
  const kernels = tensorKernelsOn(on);

  function cast(bytes: Uint8Array, from: DType, to: 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I8'): Uint8Array {
    const target = empty((bytes.length / DTYPE_BYTES[from]) * DTYPE_BYTES[to]);
    kernels.cast(bytes, from, target, to);
    return target;
  }
  function unary(fn: UnaryFunction, dtype: 'F32' | 'F16', bytes: Uint8Array): Uint8Array {
    const target = empty(bytes.length);
    kernels.unary(fn, dtype, bytes, target);
    return target;
  }

  test('copies of any layouts touch what they say, and nothing else', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const params = randomCopy(seed);
      const expected = naiveCopy(params);
      kernels.copy(params);
      expectSame(params.target, expected);
    }
  });

  test.each([1, 2, 4, 8])('a transpose of elements of %i bytes', (elementBytes) => {
    const [rows, columns] = [531, 277]; // more than one block each way, and a rest
    const roll = dice(elementBytes);
    const source = bytesOf(Uint8Array.from({ length: rows * columns * elementBytes }, () => roll(256)));
    const sides = { sourceStrides: [1, columns], targetStrides: [rows, 1], sourceOffset: 0, targetOffset: 0 };
    const params = { source, target: empty(source.length), sizes: [columns, rows], elementBytes, ...sides };
    const expected = naiveCopy(params);
    kernels.copy(params);
    expectSame(params.target, expected);
  });

  test.each([1, 2, 4, 8])('transposes of any sizes within larger tensors, of elements of %i bytes', (elementBytes) => {
    for (let seed = 1; seed <= 20; seed++) {
      const params = randomTranspose(seed, elementBytes);
      const expected = naiveCopy(params);
      kernels.copy(params);
      expectSame(params.target, expected);
    }
  });

  test('a stride may be 0, to repeat, or negative, to turn around; a copy may be empty', () => {
    const source = Uint8Array.of(1, 2, 3);
    const sides = { source, targetOffset: 0, elementBytes: 1 };
    const repeated = empty(6);
    kernels.copy({
      ...sides,
      target: repeated,
      sourceOffset: 0,
      sourceStrides: [0, 1],
      targetStrides: [3, 1],
      sizes: [2, 3],
    });
    expect([...repeated]).toEqual([1, 2, 3, 1, 2, 3]);
    const turned = empty(3);
    kernels.copy({ ...sides, target: turned, sourceOffset: 2, sourceStrides: [-1], targetStrides: [1], sizes: [3] });
    expect([...turned]).toEqual([3, 2, 1]);
    kernels.copy({
      ...sides,
      target: turned,
      sourceOffset: 0,
      sourceStrides: [1, 1],
      targetStrides: [1, 1],
      sizes: [3, 0],
    });
    expect([...turned]).toEqual([3, 2, 1]);
    const one = empty(1);
    kernels.copy({ ...sides, target: one, sourceOffset: 1, sourceStrides: [], targetStrides: [], sizes: [] });
    expect([...one]).toEqual([2]);
  });

  test('memory that threads share', () => {
    const source = new Uint8Array(new SharedArrayBuffer(8), 1, 4);
    source.set([1, 2, 3, 4]);
    const target = new Uint8Array(new SharedArrayBuffer(8), 3, 4);
    const sides = { sourceOffset: 0, targetOffset: 0, sourceStrides: [1, 2], targetStrides: [2, 1] };
    kernels.copy({ source, target, sizes: [2, 2], elementBytes: 1, ...sides });
    expect([...target]).toEqual([1, 3, 2, 4]);
  });

  test.each([
    [
      'F64',
      new Float64Array([1.1, -2, 1e300, 1 + 2 ** -24, 1 + 3 * 2 ** -24, 2 ** -149]),
      [Math.fround(1.1), -2, Infinity, 1, 1 + 2 ** -22, 2 ** -149],
    ],
    // Rounded once: through float64, the first would be a tie and become 2^60.
    ['I64', new BigInt64Array([2n ** 60n + 2n ** 36n + 1n, -1n, 2n ** 40n]), [2 ** 60 + 2 ** 37, -1, 2 ** 40]],
    [
      'U64',
      new BigUint64Array([2n ** 63n, 2n ** 64n - 1n, 2n ** 63n + 2n ** 39n + 1n]),
      [2 ** 63, 2 ** 64, 2 ** 63 + 2 ** 40],
    ],
    ['I32', new Int32Array([-5, 16_777_217, 16_777_219]), [-5, 16_777_216, 16_777_220]],
    ['U32', new Uint32Array([4_294_967_295]), [2 ** 32]],
    ['I16', new Int16Array([-32_768]), [-32_768]],
    ['U16', new Uint16Array([65_535]), [65_535]],
    ['I8', new Int8Array([-128, 127]), [-128, 127]],
    ['U8', new Uint8Array([255]), [255]],
    ['BOOL', new Uint8Array([0, 1, 2]), [0, 1, 1]],
  ] as const)('%s becomes float32, rounded to nearest even', (dtype, values, expected) => {
    expect([...asFloats(cast(bytesOf(values), dtype, 'F32'))]).toEqual(expected);
  });

  test.each(['F8_E4M3', 'F8_E5M2', 'F8_E8M0'] as const)("all codes of %s have torch's values", (dtype) => {
    const codes = bytesOf(Uint8Array.from({ length: 256 }, (_, code) => code));
    expect(asFloats(cast(codes, dtype, 'F32'))).toEqual(fromBase64(TORCH.float8[dtype]));
  });

  test('all halves to float32 and back', () => {
    const floats = cast(ALL_HALVES, 'F16', 'F32');
    expectSame(floatBits(floats), floatBits(bytesOf(Float32Array.from(HALF_VALUES))));
    expectSame(halfBits(cast(floats, 'F32', 'F16')), halfBits(ALL_HALVES));
  });

  test('what lies between two halves goes to the nearest, ties to even', () => {
    const around = aroundHalves();
    const halves = asHalves(cast(bytesOf(Float32Array.from(around, ({ value }) => value)), 'F32', 'F16'));
    expectSame(
      halves,
      Uint16Array.from(around, ({ half }) => half),
    );
    const doubles = bytesOf(Float64Array.of(1e-300, -1e300, 1 + 2 ** -11 + 2 ** -40));
    expect([...asHalves(cast(doubles, 'F64', 'F16'))]).toEqual([0, 0xfc00, 0x3c00]); // by way of float32
  });

  test('bfloat16: the upper half of a float32, rounded to nearest, ties to even', () => {
    const bits = Uint32Array.of(0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0xff800000, 0x00008000, 0x80018000);
    const expected = [0x3f80, 0x3f82, 0x3f81, 0x7f80, 0xff80, 0x0000, 0x8002];
    expect([...asHalves(cast(bytesOf(bits), 'F32', 'BF16'))]).toEqual(expected);
    const all = Uint16Array.from({ length: 65_536 }, (_, i) => i);
    const floats = new Uint32Array(cast(bytesOf(all), 'BF16', 'F32').slice().buffer);
    expectSame(
      floats,
      Uint32Array.from(all, (half) => half * 65_536),
    );
  });

  test('integers, where the value is one of the type', () => {
    const int64 = (bytes: Uint8Array, from: DType) => [...new BigInt64Array(cast(bytes, from, 'I64').slice().buffer)];
    expect(int64(bytesOf(new Float64Array([2 ** 53, -(2 ** 63), -0])), 'F64')).toEqual([2n ** 53n, -(2n ** 63n), 0n]);
    expect(int64(bytesOf(new Int8Array([-128, -1, 127])), 'I8')).toEqual([-128n, -1n, 127n]);
    expect(int64(bytesOf(new Uint8Array([0, 3])), 'BOOL')).toEqual([0n, 1n]);
    expect([
      ...new Int32Array(cast(bytesOf(new BigInt64Array([-5n, 2n ** 31n - 1n])), 'I64', 'I32').slice().buffer),
    ]).toEqual([-5, 2_147_483_647]);
    expect([...new Int8Array(cast(bytesOf(Float32Array.of(-128, 127)), 'F32', 'I8'))]).toEqual([-128, 127]);
  });

  test.each([
    ['U64', bytesOf(new BigUint64Array([2n ** 63n])), 'I64'],
    ['F64', bytesOf(new Float64Array([2 ** 63])), 'I64'],
    ['F32', bytesOf(Float32Array.of(0.5)), 'I64'],
    ['F32', bytesOf(Float32Array.of(Number.NaN)), 'I32'],
    ['F16', bytesOf(Uint16Array.of(0x7c00)), 'I32'],
    ['I64', bytesOf(new BigInt64Array([2n ** 31n])), 'I32'],
    ['U8', bytesOf(Uint8Array.of(128)), 'I8'],
  ] as const)('%s whose value is not exact as an integer is refused', (from, bytes, to) => {
    expect(() => cast(bytes, from, to)).toThrow(RANGE_ERROR);
  });

  test.each(Object.keys(BINARY) as BinaryOp[])('%s: each operation is rounded once', (op) => {
    const [left, right] = [randomFloats(3001, 1), randomFloats(3001, 2).reverse()];
    const target = empty(4 * left.length);
    kernels.binary(op, 'F32', bytesOf(left), bytesOf(right), target);
    // Math.fround rounds once more, which changes nothing: float64 has more than twice float32's digits.
    const expected = left.map((x, i) => BINARY[op](x, right[i] as number));
    expectSame(floatBits(target), floatBits(bytesOf(expected)));
    kernels.binary(op, 'F32', bytesOf(left), bytesOf(Float32Array.of(3)), target);
    expectSame(floatBits(target), floatBits(bytesOf(left.map((x) => BINARY[op](x, 3)))));
  });

  test.each(Object.keys(BINARY) as BinaryOp[])('%s of float16 is computed in float32', (op) => {
    const roll = dice(3);
    const right = Uint16Array.from({ length: 65_536 }, () => roll(65_536));
    const target = empty(ALL_HALVES.length);
    kernels.binary(op, 'F16', ALL_HALVES, bytesOf(right), target);
    const floats = Float32Array.from(HALF_VALUES, (x, i) => BINARY[op](x, HALF_VALUES[right[i] as number] as number));
    expectSame(halfBits(target), halfBits(cast(bytesOf(floats), 'F32', 'F16')));
  });

  test.each(['exp', 'softplus'] as const)("%s has torch's bits", (fn) => {
    const y = unary(fn, 'F32', bytesOf(fromBase64(TORCH[fn].x)));
    expectSame(floatBits(y), floatBits(bytesOf(fromBase64(TORCH[fn].y))));
    const halves = halfBits(unary(fn, 'F16', ALL_HALVES));
    expect(createHash('sha256').update(halves).digest('hex')).toBe(TORCH[fn].halves);
  });

  test('neg and sqrt', () => {
    const x = randomFloats(3001, 4);
    expect(asFloats(unary('neg', 'F32', bytesOf(x)))).toEqual(x.map((value) => -value));
    expectSame(floatBits(unary('sqrt', 'F32', bytesOf(x))), floatBits(bytesOf(x.map(Math.sqrt))));
    const roots = cast(bytesOf(Float32Array.from(HALF_VALUES, Math.sqrt)), 'F32', 'F16');
    expectSame(halfBits(unary('sqrt', 'F16', ALL_HALVES)), halfBits(roots));
  });

  test('ternary: torch rounds halves to even, then clamps', () => {
    const x = Float32Array.of(
      -7,
      -1.5,
      -0.50000006,
      -0.5,
      -0.2,
      0,
      0.2,
      0.5,
      0.50000006,
      0.7,
      1e9,
      Infinity,
      -Infinity,
    );
    const y = Float32Array.of(-1, -1, -1, -0, -0, 0, 0, 0, 1, 1, 1, 1, -1);
    expectSame(floatBits(unary('ternary', 'F32', bytesOf(x))), floatBits(bytesOf(y)));
    expect(asFloats(unary('ternary', 'F32', bytesOf(Float32Array.of(NaN))))[0]).toBeNaN();
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('codes of %i bits, across words', (bits) => {
    const roll = dice(bits);
    for (const wordBytes of [1, 2, 4] as const) {
      for (const count of [0, 1, 7, 8, 9, 1000]) {
        const codes = Array.from({ length: count }, () => roll(2 ** bits));
        const all = codes.reduce((sum, code, i) => sum | (BigInt(code) << BigInt(i * bits)), 0n);
        const size = Math.ceil((count * bits) / (8 * wordBytes)) * wordBytes;
        const source = Uint8Array.from({ length: size }, (_, i) => Number((all >> BigInt(8 * i)) & 255n));
        const target = empty(count);
        kernels.unpack(bytesOf(source), wordBytes, bits, target);
        expect([...target]).toEqual(codes);
      }
    }
  });

  test.each([
    ['MXFP4', 17, 32, 32, (scale: number) => 2 ** (scale - 127)],
    [
      'NVFP4',
      36,
      64,
      16,
      (scale: number) =>
        (scale & 127) < 8 ? (scale & 7) / 512 : (1 + (scale & 7) / 8) * 2 ** (((scale >> 3) & 15) - 7),
    ],
  ] as const)(
    '%s blocks have the values of the codes that they are made of',
    (type, bytes, elements, group, scaleOf) => {
      const E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
      const roll = dice(5);
      const blocks = 50;
      const codes = Uint8Array.from({ length: (blocks * elements) / 2 }, () => roll(256));
      const scales = Uint8Array.from(
        { length: (blocks * elements) / group },
        () => 60 + roll(60) + 128 * roll(type === 'NVFP4' ? 2 : 1),
      );
      const target = empty(blocks * bytes);
      kernels.repack(type, bytesOf(codes), bytesOf(scales), target);
      const values = new Float32Array(blocks * elements);
      dequantize(type, target, values);
      const expected = values.map((_, i) => {
        const code = ((codes[i >> 1] as number) >> (4 * (i & 1))) & 15;
        const size = E2M1[code & 7] as number;
        return (size === 0 ? 0 : code & 8 ? -size : size) * scaleOf(scales[Math.floor(i / group)] as number);
      });
      expect(values).toEqual(expected);
    },
  );

  test.each([1, 2, 4, 8, 5, 300])('rows of %i bytes by index', (elementBytes) => {
    const roll = dice(elementBytes);
    const source = bytesOf(Uint8Array.from({ length: 40 * elementBytes }, () => roll(256)));
    const indices = Int32Array.from({ length: 100 }, () => roll(40));
    const target = empty(100 * elementBytes);
    kernels.gather(source, elementBytes, indices, target);
    const rows = Array.from(indices, (i) => [...source.subarray(i * elementBytes, (i + 1) * elementBytes)]);
    expect([...target]).toEqual(rows.flat());
  });

  test('nothing at all', () => {
    const none = new Uint8Array(0);
    expect(cast(none, 'F8_E4M3', 'F32')).toHaveLength(0);
    expect(unary('exp', 'F32', none)).toHaveLength(0);
    kernels.binary('add', 'F16', none, none, none);
    kernels.repack('NVFP4', none, none, none);
    kernels.gather(none, 4, new Int32Array(0), none);
  });
});

const bytes = (size: number) => new Uint8Array(size);
const COPY: CopyParams = {
  source: bytes(12),
  target: bytes(12),
  sourceOffset: 0,
  targetOffset: 0,
  sourceStrides: [3, 1],
  targetStrides: [3, 1],
  sizes: [2, 3],
  elementBytes: 2,
};

test.each<[string, () => void]>([
  ['a source that ends before the last element', () => tensorKernels.copy({ ...COPY, source: bytes(11) })],
  ['a target that ends before the last element', () => tensorKernels.copy({ ...COPY, targetOffset: 1 })],
  ['an element before the start', () => tensorKernels.copy({ ...COPY, sourceStrides: [3, -1] })],
  ['a negative size', () => tensorKernels.copy({ ...COPY, sizes: [2, -3] })],
  ['a stride for no axis', () => tensorKernels.copy({ ...COPY, sourceStrides: [6, 3, 1] })],
  ['a size that is no integer', () => tensorKernels.copy({ ...COPY, sizes: [2, 2.5] })],
  ['a product beyond 64 bits', () => tensorKernels.copy({ ...COPY, sourceStrides: [2 ** 53, 1], sizes: [2 ** 53, 3] })],
  ['17 axes', () => tensorKernels.copy({ ...COPY, ...manyAxes(17) })],
  ['elements of 0 bytes', () => tensorKernels.copy({ ...COPY, elementBytes: 0 })],
  ['half an element', () => tensorKernels.cast(bytes(3), 'F16', bytes(4), 'F32')],
  ['a target for fewer elements', () => tensorKernels.cast(bytes(4), 'F16', bytes(4), 'F32')],
  ['a type that no cast makes', () => tensorKernels.cast(bytes(4), 'F32', bytes(4), 'U32' as 'F32')],
  ['a right side of another length', () => tensorKernels.binary('add', 'F32', bytes(12), bytes(8), bytes(12))],
  ['arithmetic on bfloat16', () => tensorKernels.unary('neg', 'BF16' as 'F16', bytes(2), bytes(2))],
  ['a function that is unknown', () => tensorKernels.unary('cos' as 'exp', 'F32', bytes(4), bytes(4))],
  ['words that hold fewer codes', () => tensorKernels.unpack(bytes(4), 4, 3, bytes(11))],
  ['words that hold more', () => tensorKernels.unpack(bytes(8), 4, 4, bytes(8))],
  ['codes of 9 bits', () => tensorKernels.unpack(bytes(9), 1, 9, bytes(8))],
  ['words of 3 bytes', () => tensorKernels.unpack(bytes(3), 3 as 4, 3, bytes(8))],
  ['a scale too few', () => tensorKernels.repack('NVFP4', bytes(32), bytes(3), bytes(36))],
  ['half a block', () => tensorKernels.repack('MXFP4', bytes(8), bytes(1), bytes(17))],
  ['an index beyond the source', () => tensorKernels.gather(bytes(8), 4, Int32Array.of(2), bytes(4))],
  ['a negative index', () => tensorKernels.gather(bytes(8), 4, Int32Array.of(-1), bytes(4))],
  ['a target without room for an index', () => tensorKernels.gather(bytes(8), 4, Int32Array.of(0, 1), bytes(4))],
])('refused: %s', (_, call) => expect(call).toThrow(RANGE_ERROR));

function manyAxes(count: number) {
  const ones = Array.from({ length: count }, () => 1);
  return { sizes: ones, sourceStrides: ones, targetStrides: ones };
}

test('a buffer that is no Uint8Array', () => {
  const floats = new Float32Array(1) as unknown as Uint8Array;
  expect(() => tensorKernels.cast(floats, 'F32', bytes(4), 'F32')).toThrow(
    expect.objectContaining({ name: 'TypeError' }),
  );
});

/** Tensors of the corpus's models that are the negated exp of a source's: what the reference wrote. */
const MAMBAS = ['mamba', 'falcon-mamba', 'jamba', 'granitemoehybrid'];

if (data) {
  const corpus = join(data, 'corpus');
  test.each(MAMBAS)('-exp(A_log) of corpus/%s', (name) => checkStateSpaces(join(corpus, name)));
} else {
  test.skip(`-exp(A_log) of ${MAMBAS.join(', ')} (skipped: HF2GGUF_DATA is not set)`, () => {});
}

function checkStateSpaces(folder: string): void {
  const [run] = readdirSync(join(folder, 'expected'));
  const { files } = JSON.parse(readFileSync(join(folder, 'expected', run as string), 'utf8')) as {
    files: { tensors: [name: string, type: string, ne: number[], offset: number, sha256: string][] }[];
  };
  const expected = files.flatMap(({ tensors }) => tensors.filter(([name]) => name.endsWith('ssm_a')));
  const got = stateSpaces(folder).map(({ block, dtype, bytes: source }) => {
    const floats = empty((source.length / DTYPE_BYTES[dtype]) * 4);
    const [exp, negated] = [empty(floats.length), empty(floats.length)];
    tensorKernels.cast(source, dtype, floats, 'F32');
    tensorKernels.unary('exp', 'F32', floats, exp);
    tensorKernels.unary('neg', 'F32', exp, negated);
    return [`blk.${block}.ssm_a`, createHash('sha256').update(negated).digest('hex')];
  });
  expect(got.length).toBeGreaterThan(0);
  expect(got.sort()).toEqual(expected.map(([name, , , , sha256]) => [name, sha256]).sort());
}

function stateSpaces(folder: string): { block: string; dtype: DType; bytes: Uint8Array }[] {
  const [repo] = readdirSync(join(folder, 'source'));
  const path = join(folder, 'source', repo as string);
  const files = readdirSync(path).filter((name) => name.endsWith('.safetensors') && existsSync(join(path, name)));
  return files.flatMap((file) => {
    const content = readFileSync(join(path, file));
    const start = 8 + Number(content.readBigUInt64LE());
    const header = JSON.parse(content.toString('utf8', 8, start)) as Record<
      string,
      { dtype: DType; data_offsets: [number, number] }
    >;
    return Object.entries(header)
      .filter(([name]) => name.endsWith('.A_log'))
      .map(
        ([
          name,
          {
            dtype,
            data_offsets: [from, to],
          },
        ]) => ({
          block: /\.(\d+)\./.exec(name)?.[1] as string,
          dtype,
          bytes: content.subarray(start + from, start + to),
        }),
      );
  });
}
