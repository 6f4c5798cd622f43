import { bytesOf } from '../dtype.js';
import { type ConstantExpr, elementCount, type FillExpr, rowLength, type SourceExpr } from '../expr.js';
import type { Operator, Segment } from '../operator.js';

/** Operators without operands: tensors of files, values that are known when the plan is made, one repeated value. */

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

const sourceless = { grain: () => 1, segments: () => [], sources: () => [] };

export const constant: Operator<ConstantExpr> = {
  ...sourceless,
  shape: ({ shape }) => shape,
  dtype: ({ dtype }) => dtype,
  narrow(expr, from, to) {
    const columns = rowLength(expr.shape);
    return { ...expr, shape: [to - from, columns], values: expr.values.slice(from * columns, to * columns) };
  },
  evaluate: ({ dtype, values }) => new Uint8Array(ENCODE[dtype](values).buffer),
  memory: ({ dtype, shape }) => bytesOf(dtype, elementCount(shape)),
};

const ENCODE = {
  F32: (values: readonly number[]) => Float32Array.from(values),
  I32: (values: readonly number[]) => Int32Array.from(values),
  I64: (values: readonly number[]) => BigInt64Array.from(values, BigInt),
};

export const fill: Operator<FillExpr> = {
  ...sourceless,
  shape: ({ shape }) => shape,
  dtype: ({ dtype }) => dtype,
  narrow: (expr, from, to) => ({ ...expr, shape: [to - from, rowLength(expr.shape)] }),
  evaluate({ dtype, shape, value }, place) {
    const count = elementCount(shape);
    const element = place.take(bytesOf(dtype, 1));
    const float = new Uint8Array(Float32Array.of(value).buffer);
    place.kernels.cast(float, 'F32', element, dtype);
    const target = place.take(bytesOf(dtype, count));
    const one = { source: element, sourceOffset: 0, sourceStrides: [0], elementBytes: element.length };
    place.kernels.copy({ ...one, target, targetOffset: 0, targetStrides: [1], sizes: [count] });
    return target;
  },
  memory: ({ dtype, shape }) => bytesOf(dtype, elementCount(shape) + 1),
};
