import type { DType } from '../dtype.js';
import type { ApplyExpr, ArithmeticExpr, CastExpr, TensorExpr } from '../expr.js';
import type { Interpreter, Operator } from '../operator.js';
import { computed, isFloat, memoryOf } from './formula.js';
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
  evaluate: computed,
  memory: memoryOf,
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
  evaluate: computed,
  memory: memoryOf,
};

export const cast: Operator<CastExpr> = {
  ...ofOne,
  dtype: ({ to }) => to,
  evaluate(expr, place, all) {
    const { to, of } = expr;
    return isFloat(to)
      ? computed(expr, place, all)
      : filled(place, sizeOf(expr, all), (target) =>
          place.kernels.cast(all.evaluate(of, place), all.dtype(of) as DType, target, to),
        );
  },
  memory: (expr, all) => (isFloat(expr.to) ? memoryOf(expr, all) : sizeOf(expr, all) + all.memory(expr.of)),
};
