import { bytesOf } from '../dtype.js';
import { elementCount, rowLength, type SourceExpr } from '../expr.js';
import type { Operator, Segment } from '../operator.js';

export const source: Operator<SourceExpr> = {
  shape: ({ shape }) => shape,
  dtype: ({ dtype }) => dtype,
  grain: () => 1,
  narrow(expr, from, to) {
    const columns = rowLength(expr.shape);
    return { ...expr, offset: expr.offset + from * bytesOf(expr.dtype, columns), shape: [to - from, columns] };
  },
  segments: (expr) => [whole(expr)],
  evaluate: (expr, place) => place.fetch(whole(expr)).bytes,
  memory: () => 0,
  sources: (expr) => [expr],
};

function whole({ file, offset, dtype, shape }: SourceExpr): Segment {
  const length = bytesOf(dtype, elementCount(shape));
  return { file, offset, length, count: 1, stride: length };
}
