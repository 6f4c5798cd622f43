import * as build from '#src/tensor/build.js';
import type { TensorExpr } from '#src/tensor/expr.js';
import type { Dice } from '../fuzz/dice.js';
import type { Naive } from './naive.js';
import * as naive from './naive.js';

/** An expression, and what it is by the definitions of the builders that made it. */
export interface Made {
  readonly expr: TensorExpr;
  readonly naive: Naive;
}

/** Whole files of float32 values, which sources are parts of. */
export type Files = Map<string, Float32Array>;

const SIZES = [1, 2, 3, 4, 6, 8];

/** A source of its own, somewhere in a file of its own, so that no two segments of different sources are one. */
export function randomSource(dice: Dice, files: Files, shape?: readonly number[]): Made {
  const own = shape ?? Array.from({ length: 1 + dice.below(4) }, () => dice.pick(SIZES));
  const count = naive.elements(own);
  const before = dice.below(5);
  const file = `file-${files.size}`;
  const values = Float32Array.from({ length: before + count + dice.below(3) }, () => dice.below(2 ** 20) / 64);
  files.set(file, values);
  return {
    expr: { op: 'source', name: file, file, offset: before * 4, dtype: 'F32', shape: own },
    naive: { shape: own, values: [...values.subarray(before, before + count)] },
  };
}

/** A source, put through some builders. */
export function randomExpr(dice: Dice, files: Files): Made {
  let made = randomSource(dice, files);
  for (let step = dice.below(8); step > 0; step--) {
    made = dice.pick(STEPS)(made, dice, files);
  }
  return made;
}

type Step = (made: Made, dice: Dice, files: Files) => Made;

const OPS = ['add', 'sub', 'mul'] as const;
const { add, sub, mul } = build;
const ARITHMETIC = { add, sub, mul };

const STEPS: readonly Step[] = [
  (made, dice) => {
    const shape = factors(naive.elements(made.naive.shape), dice);
    return { expr: build.reshape(made.expr, shape), naive: naive.reshape(made.naive, shape) };
  },
  permuted,
  permuted,
  sliced,
  sliced,
  (made, dice) => {
    const dimension = made.naive.shape.indexOf(1);
    const count = 1 + dice.below(3);
    return dimension === -1 || naive.elements(made.naive.shape) > 500
      ? made
      : { expr: build.expand(made.expr, dimension, count), naive: naive.expand(made.naive, dimension, count) };
  },
  (made, dice, files) => {
    const axis = dice.below(made.naive.shape.length);
    const count = naive.elements(made.naive.shape) > 500 ? 0 : dice.below(3);
    const others = Array.from({ length: count }, () => {
      const shape = made.naive.shape.map((size, i) => (i === axis ? dice.pick(SIZES) : size));
      return randomSource(dice, files, shape);
    });
    const parts = dice.chance(0.5) ? [made, ...others] : [...others, made];
    return {
      expr: build.concat(
        parts.map(({ expr }) => expr),
        axis,
      ),
      naive: naive.concat(
        parts.map((part) => part.naive),
        axis,
      ),
    };
  },
  (made, dice) => {
    const axis = dice.chance(0.5) ? 0 : made.naive.shape.length - 1;
    const picked = Array.from({ length: 1 + dice.below(5) }, () => dice.below(made.naive.shape[axis] ?? 1));
    return { expr: build.gather(made.expr, axis, picked), naive: naive.gather(made.naive, axis, picked) };
  },
  (made, dice) => {
    const [op, value] = [dice.pick(OPS), dice.below(100) / 8];
    return { expr: ARITHMETIC[op](made.expr, value), naive: naive.arithmetic(op, made.naive, value) };
  },
  (made, dice, files) => {
    const op = dice.pick(OPS);
    const other = randomSource(dice, files, made.naive.shape);
    return { expr: ARITHMETIC[op](made.expr, other.expr), naive: naive.arithmetic(op, made.naive, other.naive) };
  },
  (made) => ({ expr: build.apply('neg', made.expr), naive: naive.apply('neg', made.naive) }),
];

function permuted(made: Made, dice: Dice): Made {
  const order = made.naive.shape.map((_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = dice.below(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return { expr: build.permute(made.expr, order), naive: naive.permute(made.naive, order) };
}

function sliced(made: Made, dice: Dice): Made {
  const dimension = dice.below(made.naive.shape.length);
  const size = made.naive.shape[dimension] ?? 1;
  const from = dice.below(size);
  const to = from + 1 + dice.below(size - from);
  const step = 1 + dice.below(3);
  return {
    expr: build.slice(made.expr, dimension, from, to, step),
    naive: naive.slice(made.naive, dimension, from, to, step),
  };
}

/** A shape of so many elements. */
function factors(count: number, dice: Dice): number[] {
  const shape: number[] = [];
  let rest = count;
  while (shape.length < 3 && rest > 1) {
    const divisors = Array.from({ length: rest }, (_, i) => i + 1).filter((size) => rest % size === 0);
    const size = dice.pick(divisors);
    shape.push(size);
    rest /= size;
  }
  return [...shape, rest];
}
