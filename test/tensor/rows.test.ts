import { tensorKernels } from '#src/quantize/tensor-kernels.js';
import type { TensorExpr } from '#src/tensor/expr.js';
import type { Fetched, Segment, Workplace } from '#src/tensor/operator.js';
import { evaluate, grain, memoryOf, narrow, rowCount, segments, shapeOf } from '#src/tensor/rows.js';
import { Dice } from '../fuzz/dice.js';
import { type Files, type Made, randomExpr } from './random.js';

/** Properties of expressions, on random ones: see `random.ts`. */

const EXPRESSIONS = 1000;

/** What is fetched and taken on the way. */
interface Log {
  readonly fetched: Segment[];
  taken: number;
}

/** @param packed whether the runs of a segment stand one right after the other, as when only they were read. */
function workplace(files: Files, packed: boolean, log: Log): Workplace {
  return {
    fetch(segment): Fetched {
      log.fetched.push(segment);
      const file = new Uint8Array((files.get(segment.file) as Float32Array).buffer);
      const { offset, length, count, stride } = segment;
      if (!packed) {
        return { bytes: file.subarray(offset, offset + (count - 1) * stride + length), stride };
      }
      const bytes = new Uint8Array(count * length);
      for (let i = 0; i < count; i++) {
        bytes.set(file.subarray(offset + i * stride, offset + i * stride + length), i * length);
      }
      return { bytes, stride: length };
    },
    take(size) {
      log.taken += size;
      return new Uint8Array(size).fill(0xa5);
    },
    scope(use) {
      const before = log.taken;
      const result = use();
      log.taken = before;
      return result;
    },
    kernels: tensorKernels,
  };
}

function values(expr: TensorExpr, files: Files, packed = false): number[] {
  const bytes = evaluate(expr, workplace(files, packed, { fetched: [], taken: 0 }));
  return [...new Float32Array(bytes.slice().buffer)];
}

function forEach(check: (made: Made, files: Files, dice: Dice) => void): void {
  for (let i = 0; i < EXPRESSIONS; i++) {
    const files: Files = new Map();
    const dice = new Dice(12, i);
    const made = randomExpr(dice, files);
    try {
      check(made, files, dice);
    } catch (cause) {
      throw new Error(`Expression ${i}: ${JSON.stringify(made.expr)}`, { cause });
    }
  }
}

/** Cuts of so many rows, at random places. */
function cuts(rows: number, dice: Dice): (readonly [from: number, to: number])[] {
  const inner = Array.from({ length: dice.below(4) }, () => dice.below(rows + 1));
  const places = [...new Set([0, ...inner, rows])].sort((a, b) => a - b);
  return places.slice(1).map((to, i) => [places[i] as number, to] as const);
}

/** The bytes of each file that segments touch. */
function touched(of: readonly Segment[]): string[] {
  const bytes = of.flatMap(({ file, offset, length, count, stride }) =>
    Array.from(
      { length: count * length },
      (_, i) => `${file}:${offset + Math.floor(i / length) * stride + (i % length)}`,
    ),
  );
  return [...new Set(bytes)].sort();
}

test('shape and values are those of the builders, however segments are read', () => {
  forEach(({ expr, naive }, files) => {
    expect(shapeOf(expr)).toEqual(naive.shape);
    expect(values(expr, files)).toEqual(naive.values);
    expect(values(expr, files, true)).toEqual(naive.values);
  });
});

test('any cut of the rows, in any order, gives the same values', () => {
  forEach(({ expr, naive }, files, dice) => {
    const columns = naive.shape.at(-1) ?? 1;
    for (const [from, to] of cuts(rowCount(expr), dice).reverse()) {
      const part = narrow(expr, from, to);
      expect(shapeOf(part)).toEqual([to - from, columns]);
      expect(values(part, files, dice.chance(0.5))).toEqual(naive.values.slice(from * columns, to * columns));
    }
  });
});

test('segments are what an evaluation fetches', () => {
  forEach(({ expr }, files, dice) => {
    for (const [from, to] of cuts(rowCount(expr), dice)) {
      const part = narrow(expr, from, to);
      const log = { fetched: [], taken: 0 };
      evaluate(part, workplace(files, false, log));
      expect(touched(log.fetched)).toEqual(touched(segments(part)));
    }
  });
});

test('a narrowed expression has what its rows need and no more', () => {
  forEach(({ expr }, files, dice) => {
    const rows = rowCount(expr);
    const from = dice.below(rows);
    const part = narrow(expr, from, from + 1);
    const needed = new Set(touched(segments(part)));
    const whole = values(part, files);
    // A byte that is not among the segments does not matter.
    for (const [name, file] of files) {
      const bytes = new Uint8Array(file.buffer);
      for (let i = 0; i < bytes.length; i++) {
        if (!needed.has(`${name}:${i}`)) {
          bytes[i] = 0xff;
        }
      }
    }
    expect(values(part, files)).toEqual(whole);
    const all = new Set(touched(segments(expr)));
    expect([...needed].filter((byte) => !all.has(byte))).toEqual([]);
  });
});

test('memory is no less than what an evaluation takes at once', () => {
  forEach(({ expr }, files) => {
    let most = 0;
    let now = 0;
    const log: Log = { fetched: [], taken: 0 };
    const place = workplace(files, false, log);
    const counted: Workplace = {
      ...place,
      take(size) {
        now += size;
        most = Math.max(most, now);
        return new Uint8Array(size);
      },
      scope(use) {
        const before = now;
        const result = use();
        now = before;
        return result;
      },
    };
    evaluate(expr, counted);
    expect(most).toBeLessThanOrEqual(memoryOf(expr));
  });
});

test('a grain divides the rows into no more than there are', () => {
  forEach(({ expr }) => {
    expect(grain(expr)).toBeGreaterThanOrEqual(1);
    expect(grain(expr)).toBeLessThanOrEqual(rowCount(expr));
  });
});

test('parts of a stack carry only the experts that they need', () => {
  const expert = (i: number): TensorExpr => ({
    op: 'source',
    name: `${i}`,
    file: `${i}`,
    offset: 0,
    dtype: 'F32',
    shape: [1, 8, 4],
  });
  const stacked: TensorExpr = { op: 'concat', axis: 0, of: Array.from({ length: 256 }, (_, i) => expert(i)) };
  expect(narrow(stacked, 17, 20)).toEqual({ ...expert(2), offset: 16, shape: [3, 4] });
  expect(segments(narrow(stacked, 6, 10)).map(({ file }) => file)).toEqual(['0', '1']);
});
