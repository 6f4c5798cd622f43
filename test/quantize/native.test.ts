import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type GgmlType, rowBytes } from '#src/gguf/types.js';
import {
  availableTargets,
  currentTarget,
  type FloatType,
  NonFiniteError,
  OverflowError,
  type QuantizeRowsParams,
  quantizeRows,
} from '#src/quantize/native.js';
import { makeInput, makeWeights } from './inputs.js';
import { bytesOf, NEED_WEIGHTS, REPOSITORY, TYPES } from './vectors.js';

type Options = Partial<QuantizeRowsParams>;

function quantize(type: GgmlType, values: Uint8Array, rows: number, columns: number, options: Options = {}) {
  const target = new Uint8Array(rows * rowBytes(type, columns));
  const weights = NEED_WEIGHTS.includes(type) ? makeWeights('rand', 1, columns) : undefined;
  quantizeRows({ type, source: values, sourceType: 'F32', via: 'F32', rows, columns, weights, target, ...options });
  return target;
}

/** Nearest value with `bits` of mantissa and exponents from `lowest` on, ties to even. */
function roundTo(value: number, bits: number, lowest: number, largest: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), lowest);
  const unit = 2 ** (exponent - bits);
  const scaled = value / unit;
  const floor = Math.floor(scaled);
  const up = scaled - floor > 0.5 || (scaled - floor === 0.5 && floor % 2 !== 0);
  const rounded = (up ? floor + 1 : floor) * unit;
  return Math.abs(rounded) > largest ? Math.sign(value) * Number.POSITIVE_INFINITY : rounded;
}

const ROUND = {
  F32: (value: number) => value,
  F16: (value: number) => roundTo(value, 10, -14, 65504),
  BF16: (value: number) => roundTo(value, 7, -126, 3.3895313892515355e38),
} satisfies Record<FloatType, (value: number) => number>;

/** Bits of values that the type holds exactly. */
const NARROW = {
  F16(value: number): number {
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    const size = Math.abs(value);
    if (size < 2 ** -14) return sign | (size * 2 ** 24);
    const exponent = Math.floor(Math.log2(size));
    return sign | ((exponent + 15) << 10) | ((size / 2 ** exponent - 1) * 1024);
  },
  BF16(value: number): number {
    return (new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0) >>> 16;
  },
};

describe.each(availableTargets())('on %s', (on) => {
  const rows = 5; // lanes are filled by 2, 4 or 8 rows of 256
  const columns = 256;
  const values = makeInput('student', 7, rows, columns);

  test.each(['F16', 'BF16'] as const)('a source in %s gives what its values give in float32', (sourceType) => {
    const wide = values.map(ROUND[sourceType]);
    const narrow = new Uint8Array(Uint16Array.from(wide, NARROW[sourceType]).buffer);
    for (const type of TYPES) {
      expect(quantize(type, narrow, rows, columns, { sourceType, on })).toEqual(
        quantize(type, bytesOf(wide), rows, columns, { on }),
      );
    }
  });

  test.each(['F16', 'BF16'] as const)('values pass through %s', (via) => {
    const rounded = bytesOf(values.map(ROUND[via]));
    for (const type of TYPES) {
      const direct = quantize(type, rounded, rows, columns, { on });
      expect(quantize(type, bytesOf(values), rows, columns, { via, on })).toEqual(direct);
    }
    expect(rounded).not.toEqual(bytesOf(values));
  });

  test('any number of rows, at any address, in shared memory', () => {
    for (const type of TYPES) {
      const whole = quantize(type, bytesOf(values), rows, columns, { on });
      const shift = 3;
      const source = new Uint8Array(new SharedArrayBuffer(values.byteLength + shift)).subarray(shift);
      source.set(bytesOf(values));
      const target = new Uint8Array(new SharedArrayBuffer(whole.length + shift + 1)).subarray(shift, -1);
      for (let count = 1; count <= rows; count++) {
        const output = target.subarray(0, count * rowBytes(type, columns));
        output.fill(0);
        quantize(type, source.subarray(0, count * columns * 4), count, columns, { target: output, on });
        expect(Buffer.from(output)).toEqual(Buffer.from(whole.subarray(0, output.length)));
      }
      expect(new Uint8Array(target.buffer).at(-1)).toBe(0);
    }
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '%d is refused where it stands',
    (bad) => {
      const broken = Float32Array.from(values);
      broken[3 * columns + 200] = bad;
      for (const type of TYPES) {
        const refuseNonFinite = ['F32', 'F16', 'BF16'].includes(type);
        const call = () => quantize(type, bytesOf(broken), rows, columns, { on, refuseNonFinite });
        expect(call).toThrow(NonFiniteError);
        expect(call).toThrow(expect.objectContaining({ row: 3, column: 200, exitCode: 4 }));
      }
    },
  );

  test('a value too large for the type that values pass through is refused', () => {
    const large = Float32Array.from(values);
    large[columns + 1] = 65520; // rounds to float16's infinity; 65519 does not
    const call = () => quantize('Q4_K', bytesOf(large), rows, columns, { via: 'F16', on });
    expect(call).toThrow(NonFiniteError);
    large[columns + 1] = 65519;
    expect(call).not.toThrow();
  });

  test('a scale too large for float16 is refused, and so is a value', () => {
    const large = Float32Array.from(values);
    large[2 * columns + 70] = 1e9;
    const at = { Q4_0: 64, Q5_0: 64, Q5_1: 64, Q8_0: 64, Q4_K: 0, Q5_K: 0, Q6_K: 0, F16: 70 };
    for (const [type, column] of Object.entries(at) as [GgmlType, number][]) {
      const call = () => quantize(type, bytesOf(large), rows, columns, { on, refuseNonFinite: true });
      expect(call).toThrow(OverflowError);
      expect(call).toThrow(expect.objectContaining({ row: 2, column, exitCode: 4 }));
    }
  });

  test('NaN goes through conversions as in the converter: float16 is copied, bfloat16 made quiet', () => {
    const halves = (type: 'F16' | 'BF16', sourceType: FloatType, ...bits: number[]) => {
      const source = new Uint8Array((sourceType === 'F32' ? Uint32Array : Uint16Array).from(bits).buffer);
      const output = quantize(type, source, 1, bits.length, { sourceType, on });
      return Array.from(new Uint16Array(output.buffer));
    };
    expect(halves('F16', 'F16', 0x7c01, 0xfe00, 0x7c00, 0x0001)).toEqual([0x7c01, 0xfe00, 0x7c00, 0x0001]);
    expect(halves('BF16', 'BF16', 0x7f81, 0xffc0, 0xff80, 0x0001)).toEqual([0x7fc1, 0xffc0, 0xff80, 0x0001]);
    expect(halves('F16', 'F32', 0x7fc00000, 0xff800000, 0x477ff000)).toEqual([0x7e00, 0xfc00, 0x7c00]);
    expect(halves('BF16', 'F32', 0x7f800001, 0xffc00000)).toEqual([0x7fc0, 0xffc0]);
  });

  test('rows longer than what is worked on at a time', () => {
    const long = makeInput('normal', 3, 1, 20480);
    const whole = quantize('Q6_K', bytesOf(long), 1, 20480, { on });
    const parts = quantize('Q6_K', bytesOf(long), 80, 256, { on });
    expect(whole).toEqual(parts);
  });
});

test('buffers of the wrong size are refused', () => {
  const source = new Uint8Array(4 * 256);
  const sizes = { type: 'Q4_K', sourceType: 'F32', via: 'F32' } as const;
  const attempt = (rows: number, columns: number, bytes: number) => () =>
    quantizeRows({ ...sizes, source, rows, columns, target: new Uint8Array(bytes) });
  expect(attempt(1, 256, 144)).not.toThrow();
  expect(attempt(1, 256, 143)).toThrow(/size/);
  expect(attempt(2, 256, 288)).toThrow(/size/);
  expect(attempt(8, 32, 144)).toThrow(/block size/);
  expect(attempt(2 ** 40, 2 ** 40, 144)).toThrow(/size/);
});

test('an error can be given the name of its tensor', () => {
  const error = new NonFiniteError(2, 7).inTensor('blk.0.attn_q.weight', 100);
  expect(error.message).toContain('row 102, column 7 of tensor blk.0.attn_q.weight');
});

test('worker threads load the addon too', async () => {
  const values = makeInput('normal', 11, 4, 256);
  const target = new Uint8Array(new SharedArrayBuffer(4 * 144));
  const native = pathToFileURL(`${REPOSITORY}dist/quantize/native.js`).href;
  const script = `const { workerData } = require('node:worker_threads');
    import(${JSON.stringify(native)}).then(({ quantizeRows }) => quantizeRows(workerData));`;
  const shared = { type: 'Q4_K', sourceType: 'F32', via: 'F32', rows: 4, columns: 256, target };
  const worker = new Worker(script, { eval: true, workerData: { ...shared, source: bytesOf(values) } });
  await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
  expect(Buffer.from(target)).toEqual(Buffer.from(quantize('Q4_K', bytesOf(values), 4, 256)));
});

describe('HF2GGUF_TARGET', () => {
  const native = pathToFileURL(`${REPOSITORY}dist/quantize/native.js`).href;
  const script = `import(${JSON.stringify(native)}).then(({ currentTarget }) => console.log(currentTarget()))`;
  const run = (target: string) =>
    spawnSync(process.execPath, ['-e', script], { env: { ...process.env, HF2GGUF_TARGET: target }, encoding: 'utf8' });

  test.each(availableTargets())('chooses %s', (target) => {
    expect(run(target).stdout.trim()).toBe(target);
  });

  test('a target that this machine does not have is refused', () => {
    expect(run('mmx').stderr).toContain('HF2GGUF_TARGET is "mmx", which this machine does not have.');
  });

  test('unset, the best is used', () => {
    expect(run('').stdout.trim()).toBe(availableTargets()[0]);
    expect(availableTargets()).toContain(currentTarget());
    expect(availableTargets().at(-1)).toBe('scalar');
  });
});
