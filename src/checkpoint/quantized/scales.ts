import { cast, expand, mul, reshape, slice } from '../../tensor/build.js';
import type { TensorExpr } from '../../tensor/expr.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import { QuantizedTensorError } from './plain-tensors.js';

/**
 * Scales for each element: `scale` has a value for each block of `block` elements, along as many of the last dimensions as
 * `block` has, and is cut to `shape`.
 * @throws QuantizedTensorError where it has too few
 */
export function perElement(
  scale: TensorExpr,
  shape: readonly number[],
  block: readonly number[],
  name: string,
): TensorExpr {
  const own = shapeOf(scale);
  const first = own.length - block.length;
  const repeated = block.reduce((expr, size, i) => repeat(expr, first + i, size), scale);
  if (own.length !== shape.length || shapeOf(repeated).some((size, i) => size < (shape[i] ?? 0))) {
    throw new QuantizedTensorError(
      `Tensor ${name} is [${shape.join(', ')}], and its scales [${own.join(', ')}] are for blocks of [${block.join(', ')}].`,
    );
  }
  return shape.reduce((expr, size, i) => slice(expr, i, 0, size), repeated);
}

/** Each index along a dimension `count` times, as `torch.repeat_interleave` does. */
export function repeat(expr: TensorExpr, dimension: number, count: number): TensorExpr {
  const shape = shapeOf(expr);
  const [before, size, after] = [shape.slice(0, dimension), shape[dimension] ?? 1, shape.slice(dimension + 1)];
  const apart = reshape(expr, [...before, size, 1, ...after]);
  return reshape(expand(apart, dimension + 1, count), [...before, size * count, ...after]);
}

/**
 * `scale` made as large as `shape`: missing dimensions are added behind its own, and those of one element are repeated.
 * @throws QuantizedTensorError where another dimension differs
 */
export function broadcast(scale: TensorExpr, shape: readonly number[], name: string): TensorExpr {
  const own = [...shapeOf(scale), ...shape.slice(shapeOf(scale).length).map(() => 1)];
  if (own.length !== shape.length || own.some((size, i) => size !== 1 && size !== shape[i])) {
    throw new QuantizedTensorError(
      `Tensor ${name} is [${shape.join(', ')}], and its scales are [${shapeOf(scale).join(', ')}].`,
    );
  }
  return shape.reduce((expr, size, i) => (own[i] === size ? expr : expand(expr, i, size)), reshape(scale, own));
}

/** Weights times scales of the same shape, in float32. */
export function scaled(weight: TensorExpr, scale: TensorExpr): TensorExpr {
  return mul(cast(weight, 'F32'), cast(scale, 'F32'));
}

/** @throws QuantizedTensorError for a tensor of another dtype than its codes have */
export function checkDType(name: string, expr: TensorExpr, ...dtypes: readonly string[]): void {
  if (!dtypes.includes(dtypeOf(expr))) {
    throw new QuantizedTensorError(
      `Tensor ${name} is of dtype ${dtypeOf(expr)}; its quantization has ${dtypes.join(' or ')}.`,
    );
  }
}

/** @throws QuantizedTensorError for a tensor of another shape than its weight and configuration give it */
export function checkShape(name: string, expr: TensorExpr, shape: readonly number[]): void {
  if (shapeOf(expr).join() !== shape.join()) {
    throw new QuantizedTensorError(
      `Tensor ${name} is [${shapeOf(expr).join(', ')}]; its weight and configuration ask for [${shape.join(', ')}].`,
    );
  }
}
