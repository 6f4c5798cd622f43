import type { DType } from '../dtype.js';
import type { ApplyExpr, ArithmeticExpr, CastExpr, TensorExpr } from '../expr.js';
import type { ComputeType } from '../kernels.js';
import type { Interpreter, Operator } from '../operator.js';
import { filled, over, sizeOf } from './operands.js';

/** Operators that compute each element from the elements at the same place in their operands. */

export const arithmetic: Operator<ArithmeticExpr> = {
  ...over(({ left, right }) => [left, right]),
  shape: ({ left }, all) => all.shape(left),
  dtype: ({ left }, all) => all.dtype(left),
  narrow: ({ op, left, right }, from, to, all) => ({
    op,
    left: all.narrow(left, from, to),
    right: all.narrow(right, from, to),
  }),
  evaluate(expr, place, all) {
    const { op, left, right } = expr;
    // The kernels take a single value for all elements.
    const other: TensorExpr = right.op === 'fill' ? { ...right, shape: [1] } : right;
    return filled(place, sizeOf(expr, all), (target) => {
      const sides = [all.evaluate(left, place), all.evaluate(other, place)] as const;
      place.kernels.binary(op, all.dtype(left) as ComputeType, ...sides, target);
    });
  },
};

/** What operators with the one operand `of` have in common, each of whose elements is one of the operand's. */
const ofOne = {
  ...over(({ of }: ApplyExpr | CastExpr) => [of]),
  shape: ({ of }: ApplyExpr | CastExpr, all: Interpreter) => all.shape(of),
  narrow: (expr: ApplyExpr | CastExpr, from: number, to: number, all: Interpreter): TensorExpr => ({
    ...expr,
    of: all.narrow(expr.of, from, to),
  }),
};

export const apply: Operator<ApplyExpr> = {
  ...ofOne,
  dtype: ({ of }, all) => all.dtype(of),
  evaluate: (expr, place, all) =>
    filled(place, sizeOf(expr, all), (target) =>
      place.kernels.unary(expr.fn, all.dtype(expr.of) as ComputeType, all.evaluate(expr.of, place), target),
    ),
};

export const cast: Operator<CastExpr> = {
  ...ofOne,
  dtype: ({ to }) => to,
  evaluate: (expr, place, all) =>
    filled(place, sizeOf(expr, all), (target) =>
      place.kernels.cast(all.evaluate(expr.of, place), all.dtype(expr.of) as DType, target, expr.to),
    ),
};
