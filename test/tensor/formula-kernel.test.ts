import { availableTargets } from '#src/quantize/native.js';
import { tensorKernels, tensorKernelsOn } from '#src/quantize/tensor-kernels.js';
import type { BinaryOp, FormulaStep } from '#src/tensor/kernels.js';
import { dice } from './dice.js';

/** The addon's errors are not of the realm that Jest makes for a test. */
const RANGE_ERROR = expect.objectContaining({ name: 'RangeError' });

const PLAIN = { inner: 1, repeat: 1, run: 1 };
const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const floats = (bytes: Uint8Array) => new Float32Array(bytes.slice().buffer);

function values(data: Float32Array, layout: Partial<typeof PLAIN> = {}): FormulaStep {
  return { kind: 'values', data: bytesOf(data), dtype: 'F32', ...PLAIN, ...layout };
}

const COMPUTE: Record<BinaryOp, (a: number, b: number) => number> = {
  add: (a, b) => Math.fround(a + b),
  sub: (a, b) => Math.fround(a - b),
  mul: (a, b) => Math.fround(a * b),
  div: (a, b) => Math.fround(a / b),
};

describe.each(availableTargets())('%s', (target) => {
  const kernels = tensorKernelsOn(target);

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])('values repeat in runs and in groups: %i', (seed) => {
    const roll = dice(seed);
    const [outer, repeat, inner, run] = [
      1 + roll(5),
      1 + roll(9),
      1 + roll(roll(2) ? 9 : 700),
      1 + roll(roll(2) ? 5 : 400),
    ];
    const own = Float32Array.from({ length: outer * inner }, () => roll(1000) - 500);
    const count = own.length * repeat * run;
    const left = Float32Array.from({ length: count }, () => roll(1000) / 7);
    const made = new Uint8Array(4 * count);
    const op = (['add', 'sub', 'mul', 'div'] as const)[roll(4)] ?? 'add';
    kernels.formula([values(left), values(own, { inner, repeat, run }), { kind: 'binary', op }], 'F32', made);
    const expected = left.map((x, i) => {
      const [row, within] = [Math.floor(i / (inner * run * repeat)), Math.floor((i % (inner * run)) / run)];
      return COMPUTE[op](x, own[row * inner + within] ?? 0);
    });
    expect(floats(made)).toEqual(expected);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('codes of %i bits are those that are unpacked', (bits) => {
    const roll = dice(bits);
    const count = 5000 + roll(100) * 8;
    const data = Uint8Array.from({ length: (count * bits) / 8 }, () => roll(256));
    const codes = new Uint8Array(count);
    kernels.unpack(data, 1, bits, codes);
    const made = new Uint8Array(4 * count);
    kernels.formula(
      [
        { kind: 'codes', data, bits, first: 0, axes: [[count, 1]] },
        { kind: 'number', value: -1.5 },
        { kind: 'binary', op: 'mul' },
      ],
      'F32',
      made,
    );
    expect(floats(made)).toEqual(Float32Array.from(codes, (code) => code * -1.5));
  });

  test.each(Array.from({ length: 64 }, (_, i) => [1 + (i % 8), i] as const))(
    'views of codes of %i bits have those that are unpacked: %i',
    (bits, seed) => {
      const roll = dice(seed + 100);
      // Codes of 4 bits at strides of 8 are in neighbouring words of 4 bytes; other strides are in none.
      const stride = [1, 2, 4, 8, 16, 3, 32 / bits, roll(40)][roll(8)] ?? 1;
      const axes = [
        [1 + roll(4), roll(3000)],
        [1 + roll(3), roll(9)],
        [1 + roll(2500), Math.floor(stride)],
      ] as const;
      const first = roll(20);
      const numbers = axes.reduce(
        (before, [size, own]) => before.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * own)),
        [first],
      );
      // Up to the last code's byte, not to the end of a word.
      const bytes = Math.ceil(((Math.max(...numbers) + 1) * bits) / 8);
      const data = Uint8Array.from({ length: bytes }, () => roll(256));
      const codes = new Uint8Array(Math.floor((bytes * 8) / bits));
      kernels.unpack(data.subarray(0, Math.ceil((codes.length * bits) / 8)), 1, bits, codes);
      const made = new Uint8Array(4 * numbers.length);
      kernels.formula([{ kind: 'codes', data, bits, first, axes }], 'F32', made);
      expect(floats(made)).toEqual(Float32Array.from(numbers, (at) => codes[at] as number));
    },
  );

  test.each(['F32', 'F16', 'BF16', 'U8'] as const)('columns of %s are picked by their numbers', (dtype) => {
    for (const [rows, inner, columns] of [
      [5, 7, 40],
      [3, 16, 2048],
      [2, 1500, 700],
      [1, 1, 1],
    ] as const) {
      const roll = dice(inner);
      const plain = Float32Array.from({ length: rows * inner }, () => roll(200));
      const data = new Uint8Array(plain.length * { F32: 4, F16: 2, BF16: 2, U8: 1 }[dtype]);
      if (dtype === 'U8') {
        data.set(plain);
      } else {
        kernels.cast(bytesOf(plain), 'F32', data, dtype);
      }
      const index = Int32Array.from({ length: columns }, () => roll(inner));
      const made = new Uint8Array(4 * rows * columns);
      kernels.formula([{ kind: 'picked', data, dtype, inner, index }], 'F32', made);
      expect(floats(made)).toEqual(
        Float32Array.from({ length: rows * columns }, (_, i) => {
          return plain[Math.floor(i / columns) * inner + (index[i % columns] ?? 0)] as number;
        }),
      );
    }
  });

  test.each([1, 2, 4, 8])('rows of %i values are looked up by bytes', (width) => {
    const roll = dice(width);
    const table = Float32Array.from({ length: 256 * width }, () => roll(1000) / 3);
    const data = Uint8Array.from({ length: 3001 }, () => roll(256));
    const made = new Uint8Array(4 * width * data.length);
    kernels.formula([{ kind: 'lookup', data, table: bytesOf(table), width }], 'F32', made);
    expect(floats(made)).toEqual(
      Float32Array.from({ length: width * data.length }, (_, i) => {
        const row = data[Math.floor(i / width)] as number;
        return table[row * width + (i % width)] as number;
      }),
    );
  });

  test('what is rounded between steps is what single kernels give', () => {
    const roll = dice(7);
    const x = Float32Array.from({ length: 3001 }, () => (roll(2 ** 24) - 2 ** 23) / 77_777);
    const y = Float32Array.from({ length: 3001 }, () => (roll(2 ** 24) + 1) / 99_999);
    for (const to of ['BF16', 'F16'] as const) {
      const [product, halves, back, sum, last] = [4, 2, 4, 4, 2].map((size) => new Uint8Array(size * x.length)) as [
        ...[Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array],
      ];
      kernels.binary('mul', 'F32', bytesOf(x), bytesOf(y), product);
      kernels.cast(product, 'F32', halves, to);
      kernels.cast(halves, to, back, 'F32');
      kernels.binary('add', 'F32', back, bytesOf(y), sum);
      kernels.unary('neg', 'F32', sum, back);
      kernels.cast(back, 'F32', last, to);
      const made = new Uint8Array(2 * x.length);
      const steps: FormulaStep[] = [
        ...([values(x), values(y), { kind: 'binary', op: 'mul' }, { kind: 'round', to }] as const),
        ...([values(y), { kind: 'binary', op: 'add' }, { kind: 'unary', fn: 'neg' }] as const),
      ];
      kernels.formula(steps, to, made);
      expect(made).toEqual(last);
    }
  });

  test('as many values as the stack has room for, and nothing at all', () => {
    const made = new Uint8Array(4);
    const numbers = [1, 2, 3, 4, 5, 6].map((value): FormulaStep => ({ kind: 'number', value }));
    const sums = Array.from({ length: 5 }, (): FormulaStep => ({ kind: 'binary', op: 'sub' }));
    kernels.formula([...numbers, ...sums], 'F32', made);
    expect(floats(made)).toEqual(Float32Array.of(1 - (2 - (3 - (4 - (5 - 6))))));
    kernels.formula([values(new Float32Array(0))], 'F32', new Uint8Array(0));
  });
});

const four = new Float32Array(4);
const codes = (data: Uint8Array, bits: number, layout = {}): FormulaStep => {
  return { kind: 'codes', data, bits, first: 0, axes: [[4, 1]], ...layout };
};
/** Of a row of four. */
const picked = (index: readonly number[]): FormulaStep => {
  return { kind: 'picked', data: bytesOf(four), dtype: 'F32', inner: 4, index: Int32Array.from(index) };
};
test.each<[string, readonly FormulaStep[]]>([
  ['too few values', [values(four.subarray(1))]],
  ['values that end within a repetition', [values(four.subarray(2), { run: 3 })]],
  ['groups that are not whole', [values(four, { inner: 3 })]],
  ['repetitions beyond all bounds', [values(four, { repeat: 2 ** 53, run: 2 ** 53 })]],
  ['no repetition', [values(four, { repeat: 0 })]],
  ['codes of 9 bits', [codes(new Uint8Array(9), 9)]],
  ['too few codes', [codes(new Uint8Array(1), 4)]],
  ['codes behind the last one', [codes(new Uint8Array(2), 4, { first: 1 })]],
  ['codes that are too far apart', [codes(new Uint8Array(2), 4, { axes: [[4, 2]] })]],
  [
    'codes beyond all bounds',
    [
      codes(new Uint8Array(2), 4, {
        axes: [
          [2, 2 ** 53],
          [2, 2 ** 53],
        ],
      }),
    ],
  ],
  ['more codes than elements', [codes(new Uint8Array(9), 4, { axes: [[5, 1]] })]],
  ['codes before the first one', [codes(new Uint8Array(9), 4, { axes: [[4, -1]], first: 8 })]],
  ['codes without axes', [codes(new Uint8Array(9), 4, { axes: [] })]],
  ['a number of no column', [picked([0, 1, 2, 4])]],
  ['a negative number of a column', [picked([0, -1])]],
  ['an index that ends within a row', [picked([0, 1, 2])]],
  ['no index', [picked([])]],
  ['too few columns', [picked([0, 1])]],
  ['a table of fewer rows', [{ kind: 'lookup', data: new Uint8Array(4), table: new Uint8Array(1020), width: 1 }]],
  ['rows of three values', [{ kind: 'lookup', data: new Uint8Array(1), table: new Uint8Array(3072), width: 3 }]],
  ['too few bytes', [{ kind: 'lookup', data: new Uint8Array(1), table: new Uint8Array(2048), width: 2 }]],
  ['a stack that is too small', Array.from({ length: 7 }, () => values(four))],
  ['nothing to compute with', [{ kind: 'binary', op: 'add' }]],
  ['two values in the end', [values(four), values(four)]],
  ['no value in the end', []],
  ['rounding to another type', [values(four), { kind: 'round', to: 'F32' as 'F16' }]],
  ['an unknown step', [{ kind: 'cosine' as 'unary', fn: 'neg' }]],
])('refused: %s', (_, steps) => {
  expect(() => tensorKernels.formula(steps, 'F32', new Uint8Array(16))).toThrow(RANGE_ERROR);
});
