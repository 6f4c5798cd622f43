import { bytesOf, type DType } from '../dtype.js';
import {
  type ApplyExpr,
  type ArithmeticExpr,
  type Axis,
  type CastExpr,
  elementCount,
  type FillExpr,
  type TensorExpr,
  type ViewExpr,
} from '../expr.js';
import { FORMULA_DEPTH, type FormulaStep } from '../kernels.js';
import type { Interpreter, Operator, Workplace } from '../operator.js';

/**
 * Operators that compute each element from the elements at the same place in their operands. Those that stand on each
 * other are one formula, which goes over the elements once.
 */

type Elementwise = ArithmeticExpr | ApplyExpr | CastExpr;

export const arithmetic: Operator<ArithmeticExpr> = {
  shape: ({ left }, all) => all.shape(left),
  dtype: ({ left }, all) => all.dtype(left),
  grain: ({ left, right }, all) => Math.max(all.grain(left), all.grain(right)),
  narrow: ({ op, left, right }, from, to, all) => ({
    op,
    left: all.narrow(left, from, to),
    right: all.narrow(right, from, to),
  }),
  segments: ({ left, right }, all) => [...all.segments(left), ...all.segments(right)],
  evaluate: computed,
  memory: memoryOf,
  sources: ({ left, right }, all) => [...all.sources(left), ...all.sources(right)],
};

export const apply: Operator<ApplyExpr> = {
  shape: ({ of }, all) => all.shape(of),
  dtype: ({ of }, all) => all.dtype(of),
  grain: ({ of }, all) => all.grain(of),
  narrow: (expr, from, to, all) => ({ ...expr, of: all.narrow(expr.of, from, to) }),
  segments: ({ of }, all) => all.segments(of),
  evaluate: computed,
  memory: memoryOf,
  sources: ({ of }, all) => all.sources(of),
};

export const cast: Operator<CastExpr> = {
  shape: ({ of }, all) => all.shape(of),
  dtype: ({ to }) => to,
  grain: ({ of }, all) => all.grain(of),
  narrow: (expr, from, to, all) => ({ ...expr, of: all.narrow(expr.of, from, to) }),
  segments: ({ of }, all) => all.segments(of),
  evaluate(expr, place, all) {
    if (isFloat(expr.to)) {
      return computed(expr, place, all);
    }
    const { to, of } = expr;
    const target = place.take(sizeOf(expr, all));
    place.scope(() => place.kernels.cast(all.evaluate(of, place), all.dtype(of) as DType, target, to));
    return target;
  },
  memory: (expr, all) => (isFloat(expr.to) ? memoryOf(expr, all) : sizeOf(expr, all) + all.memory(expr.of)),
  sources: ({ of }, all) => all.sources(of),
};

type FloatType = 'F32' | 'F16' | 'BF16';

function isFloat(type: string): type is FloatType {
  return type === 'F32' || type === 'F16' || type === 'BF16';
}

/** What a formula reads: an expression that is evaluated, and how its elements become the formula's. */
type Leaf = { readonly of: TensorExpr } & (
  | { readonly kind: 'values'; readonly inner: number; readonly repeat: number; readonly run: number }
  | { readonly kind: 'codes'; readonly bits: number }
);

type Part = Leaf | Exclude<FormulaStep, { readonly kind: 'values' | 'codes' }>;

/** The steps of an expression, operands first. */
function partsOf(expr: TensorExpr, all: Interpreter, depth = 0): readonly Part[] {
  // What would not find room on the stack is evaluated by itself.
  if (depth + 2 > FORMULA_DEPTH) {
    return [plainLeaf(expr, all)];
  }
  switch (expr.op) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'div': {
      const operands = [...partsOf(expr.left, all, depth), ...partsOf(expr.right, all, depth + 1)];
      return rounded([...operands, { kind: 'binary', op: expr.op }], all.dtype(expr));
    }
    case 'apply':
      return rounded([...partsOf(expr.of, all, depth), { kind: 'unary', fn: expr.fn }], all.dtype(expr));
    case 'cast':
      return isFloat(expr.to) ? rounded(partsOf(expr.of, all, depth), expr.to) : [plainLeaf(expr, all)];
    case 'fill':
      return numberParts(expr);
    case 'unpack':
      return [{ kind: 'codes', bits: expr.bits, of: expr.of }];
    case 'view':
      return [repeatedLeaf(expr) ?? plainLeaf(expr, all)];
    default:
      return [plainLeaf(expr, all)];
  }
}

const numberParts = ({ value, dtype }: FillExpr) => rounded([{ kind: 'number', value }], dtype);

function rounded(parts: readonly Part[], dtype: string): readonly Part[] {
  return dtype === 'F16' || dtype === 'BF16' ? [...parts, { kind: 'round', to: dtype }] : parts;
}

function plainLeaf(of: TensorExpr, all: Interpreter): Leaf {
  return { kind: 'values', of, inner: Math.max(1, elementCount(all.shape(of))), repeat: 1, run: 1 };
}

/** A view that repeats each element, or groups of them: the elements themselves, without the repetitions. */
function repeatedLeaf({ of, axes, offset }: ViewExpr): Leaf | null {
  const rest = [...axes];
  const taken = (fits: (stride: number) => boolean): number => {
    const last = rest.at(-1);
    return last && fits(last[1]) ? ((rest.pop() as Axis)[0] ?? 1) : 1;
  };
  const run = taken((stride) => stride === 0);
  const inner = taken((stride) => stride === 1);
  const repeat = taken((stride) => stride === 0);
  const outer = taken((stride) => stride === inner);
  const count = inner * outer;
  if (rest.length > 0 || run * repeat === 1 || count === 0) {
    return null;
  }
  const elements: ViewExpr = { op: 'view', of, shape: [count], axes: count === 1 ? [] : [[count, 1]], offset };
  return { kind: 'values', of: elements, inner, repeat, run };
}

function isLeaf(part: Part): part is Leaf {
  return part.kind === 'values' || part.kind === 'codes';
}

function computed(expr: Elementwise, place: Workplace, all: Interpreter): Uint8Array {
  const target = place.take(sizeOf(expr, all));
  place.scope(() => {
    const steps = partsOf(expr, all).map((part): FormulaStep => {
      if (!isLeaf(part)) {
        return part;
      }
      const { of, ...leaf } = part;
      const data = all.evaluate(of, place);
      return leaf.kind === 'codes' ? { ...leaf, data } : { ...leaf, data, dtype: all.dtype(of) as DType };
    });
    place.kernels.formula(steps, all.dtype(expr) as FloatType, target);
  });
  return target;
}

function memoryOf(expr: Elementwise, all: Interpreter): number {
  const leaves = partsOf(expr, all).filter(isLeaf);
  return sizeOf(expr, all) + leaves.reduce((sum, { of }) => sum + all.memory(of), 0);
}

function sizeOf(expr: TensorExpr, all: Interpreter): number {
  return bytesOf(all.dtype(expr), elementCount(all.shape(expr)));
}
