import { concat, expand, gather, reshape, slice } from '../../tensor/build.js';
import { bytesOf, DTYPE_BYTES } from '../../tensor/dtype.js';
import { elementCount, rowLength, type TensorExpr } from '../../tensor/expr.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import { contiguous } from '../../tensor/strides.js';
import { QuantizedTensorError } from './plain-tensors.js';

/** The bytes of a tensor as the file has them, whatever its dtype: a row's bytes one after the other. */
export function bytesOfRows(expr: TensorExpr, name: string): TensorExpr {
  const dtype = dtypeOf(expr);
  if (expr.op !== 'source' || !(dtype in DTYPE_BYTES)) {
    throw new QuantizedTensorError(`Tensor ${name} is not kept in one piece.`);
  }
  const shape = [...shapeOf(expr).slice(0, -1), bytesOf(dtype, rowLength(shapeOf(expr)))];
  return { ...expr, dtype: 'U8', shape };
}

/**
 * The values of codes of 4 bits, two a byte, as `[bytes, 2]`: a byte is looked up once for both.
 * @param table F32, 16 values.
 * @param order which half of a byte holds the first one.
 */
export function pairValues(bytes: TensorExpr, table: TensorExpr, order: 'low first' | 'high first'): TensorExpr {
  const high = expand(reshape(table, [16, 1, 1]), 1, 16);
  const low = expand(reshape(table, [1, 16, 1]), 0, 16);
  const pairs = concat(order === 'low first' ? [low, high] : [high, low], 2);
  return gather(reshape(pairs, [256, 2]), 0, reshape(bytes, [elementCount(shapeOf(bytes))]));
}

/** The values of codes of 8 bits, in the codes' shape. @param table F32, 256 values. */
export function byteValues(bytes: TensorExpr, table: TensorExpr): TensorExpr {
  const shape = shapeOf(bytes);
  return reshape(gather(reshape(table, [256, 1]), 0, reshape(bytes, [elementCount(shape)])), shape);
}

/**
 * The first elements, under a shape. Packed codes may end with some that mean nothing.
 * @throws RangeError where there are too few
 */
export function firstOf(expr: TensorExpr, shape: readonly number[]): TensorExpr {
  const all = elementCount(shapeOf(expr));
  return reshape(slice(reshape(expr, [all]), 0, 0, elementCount(shape)), shape);
}

/**
 * Scales that are computed, kept small: a view above repeats the results. It would otherwise move down through the
 * arithmetic, and each element would be computed as often as it is repeated.
 */
export function computedOnce(scale: TensorExpr): TensorExpr {
  return { op: 'view', of: scale, ...contiguous(shapeOf(scale)) };
}
