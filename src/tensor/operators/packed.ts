import { DTYPE_BYTES, type DType } from '../dtype.js';
import { type RepackExpr, rowLength, type TensorExpr, type UnpackExpr } from '../expr.js';
import type { Interpreter, Operator } from '../operator.js';
import { filled, over, sizeOf } from './operands.js';

/** Operators on codes of less than a byte. `unpack` takes them out of words; `repack` makes blocks of a ggml type. */

export const unpack: Operator<UnpackExpr> = {
  ...over(({ of }) => [of]),
  shape({ bits, of }, all) {
    const shape = all.shape(of);
    return [...shape.slice(0, -1), (rowLength(shape) * 8 * wordBytes(of, all)) / bits];
  },
  dtype: () => 'U8',
  narrow: (expr, from, to, all) => ({ ...expr, of: all.narrow(expr.of, from, to) }),
  evaluate: (expr, place, all) =>
    filled(place, sizeOf(expr, all), (target) =>
      place.kernels.unpack(all.evaluate(expr.of, place), wordBytes(expr.of, all), expr.bits, target),
    ),
};

const wordBytes = (of: TensorExpr, all: Interpreter) => DTYPE_BYTES[all.dtype(of) as DType] as 1 | 2 | 4;

export const repack: Operator<RepackExpr> = {
  ...over(({ codes, scales }) => [codes, scales]),
  shape: ({ shape }) => shape,
  dtype: ({ to }) => to,
  narrow: (expr, from, to, all) => ({
    ...expr,
    shape: [to - from, rowLength(expr.shape)],
    codes: all.narrow(expr.codes, from, to),
    scales: all.narrow(expr.scales, from, to),
  }),
  evaluate: (expr, place, all) =>
    filled(place, sizeOf(expr, all), (target) => {
      const sides = [all.evaluate(expr.codes, place), all.evaluate(expr.scales, place)] as const;
      place.kernels.repack(expr.to, ...sides, target);
    }),
};
