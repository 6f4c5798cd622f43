import { bytesOf, type DType } from '../dtype.js';
import { type ApplyExpr, type ArithmeticExpr, type CastExpr, elementCount, type TensorExpr } from '../expr.js';
import type { Interpreter, Operator } from '../operator.js';

/** Operators that compute each element from the elements at the same place in their operands. */

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
  evaluate(expr, place, all) {
    const { op, left, right } = expr;
    const target = place.take(sizeOf(expr, all));
    const dtype = all.dtype(left) as 'F32' | 'F16';
    // The kernels take a single value for all elements.
    const other: TensorExpr = right.op === 'fill' ? { ...right, shape: [1] } : right;
    place.scope(() => place.kernels.binary(op, dtype, all.evaluate(left, place), all.evaluate(other, place), target));
    return target;
  },
  memory: (expr, all) => sizeOf(expr, all) + all.memory(expr.left) + all.memory(expr.right),
  sources: ({ left, right }, all) => [...all.sources(left), ...all.sources(right)],
};

export const apply: Operator<ApplyExpr> = {
  shape: ({ of }, all) => all.shape(of),
  dtype: ({ of }, all) => all.dtype(of),
  grain: ({ of }, all) => all.grain(of),
  narrow: (expr, from, to, all) => ({ ...expr, of: all.narrow(expr.of, from, to) }),
  segments: ({ of }, all) => all.segments(of),
  evaluate(expr, place, all) {
    const { fn, of } = expr;
    const target = place.take(sizeOf(expr, all));
    place.scope(() => place.kernels.unary(fn, all.dtype(of) as 'F32' | 'F16', all.evaluate(of, place), target));
    return target;
  },
  memory: (expr, all) => sizeOf(expr, all) + all.memory(expr.of),
  sources: ({ of }, all) => all.sources(of),
};

export const cast: Operator<CastExpr> = {
  shape: ({ of }, all) => all.shape(of),
  dtype: ({ to }) => to,
  grain: ({ of }, all) => all.grain(of),
  narrow: (expr, from, to, all) => ({ ...expr, of: all.narrow(expr.of, from, to) }),
  segments: ({ of }, all) => all.segments(of),
  evaluate(expr, place, all) {
    const { to, of } = expr;
    const target = place.take(sizeOf(expr, all));
    place.scope(() => place.kernels.cast(all.evaluate(of, place), all.dtype(of) as DType, target, to));
    return target;
  },
  memory: (expr, all) => sizeOf(expr, all) + all.memory(expr.of),
  sources: ({ of }, all) => all.sources(of),
};

function sizeOf(expr: TensorExpr, all: Interpreter): number {
  return bytesOf(all.dtype(expr), elementCount(all.shape(expr)));
}
