import { bytesOf, DTYPE_BYTES, type DType } from '../dtype.js';
import { elementCount, type RepackExpr, rowLength, type TensorExpr, type UnpackExpr } from '../expr.js';
import type { Interpreter, Operator } from '../operator.js';

/**
 * Operators on codes of less than a byte. `unpack` takes them out of words; `repack` makes blocks of a ggml type of
 * them.
 */

export const unpack: Operator<UnpackExpr> = {
  shape({ bits, of }, all) {
    const shape = all.shape(of);
    return [...shape.slice(0, -1), (rowLength(shape) * 8 * wordBytes(of, all)) / bits];
  },
  dtype: () => 'U8',
  grain: ({ of }, all) => all.grain(of),
  narrow: (expr, from, to, all) => ({ ...expr, of: all.narrow(expr.of, from, to) }),
  segments: ({ of }, all) => all.segments(of),
  evaluate(expr, place, all) {
    const target = place.take(elementCount(unpack.shape(expr, all)));
    const { bits, of } = expr;
    place.scope(() => place.kernels.unpack(all.evaluate(of, place), wordBytes(of, all), bits, target));
    return target;
  },
  memory: (expr, all) => elementCount(unpack.shape(expr, all)) + all.memory(expr.of),
  sources: ({ of }, all) => all.sources(of),
};

function wordBytes(of: TensorExpr, all: Interpreter): 1 | 2 | 4 {
  return DTYPE_BYTES[all.dtype(of) as DType] as 1 | 2 | 4;
}

export const repack: Operator<RepackExpr> = {
  shape: ({ shape }) => shape,
  dtype: ({ to }) => to,
  grain: ({ codes, scales }, all) => Math.max(all.grain(codes), all.grain(scales)),
  narrow({ op, to, shape, codes, scales }, from, end, all) {
    const [ownCodes, ownScales] = [codes, scales].map((side) => all.narrow(side, from, end)) as [
      TensorExpr,
      TensorExpr,
    ];
    return { op, to, shape: [end - from, rowLength(shape)], codes: ownCodes, scales: ownScales };
  },
  segments: ({ codes, scales }, all) => [...all.segments(codes), ...all.segments(scales)],
  evaluate({ to, shape, codes, scales }, place, all) {
    const target = place.take(bytesOf(to, elementCount(shape)));
    place.scope(() => place.kernels.repack(to, all.evaluate(codes, place), all.evaluate(scales, place), target));
    return target;
  },
  memory: ({ to, shape, codes, scales }, all) =>
    bytesOf(to, elementCount(shape)) + all.memory(codes) + all.memory(scales),
  sources: ({ codes, scales }, all) => [...all.sources(codes), ...all.sources(scales)],
};
