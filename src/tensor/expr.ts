import type { ElementType } from './dtype.js';

/**
 * An output tensor as plain data: a tree over source tensors that can be evaluated for any range of rows.
 * Shapes are the checkpoint's: outermost dimension first, the last one is a row. A worker gets the tree as it is.
 */
export type TensorExpr = SourceExpr | ConstantExpr | PermuteRowsExpr;

/** A tensor of the checkpoint or of a GGUF file, contiguous in one file from byte `offset`. */
export interface SourceExpr {
  readonly op: 'source';
  readonly name: string;
  readonly file: string;
  readonly offset: number;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

/** Values known from the configuration alone. */
export interface ConstantExpr {
  readonly op: 'constant';
  readonly dtype: 'F32';
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/**
 * Rows in another order, within `heads` equal groups: the group's rows as (2, n/2) become (n/2, 2), so the two halves of
 * a rotary dimension, which transformers keeps apart, stand side by side. For one dimension the elements are the rows.
 */
export interface PermuteRowsExpr {
  readonly op: 'permute-rows';
  readonly of: TensorExpr;
  readonly heads: number;
}

/** A contiguous run of a source file's bytes. */
export interface Segment {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

export function shapeOf(expr: TensorExpr): readonly number[] {
  return expr.op === 'permute-rows' ? shapeOf(expr.of) : expr.shape;
}

export function dtypeOf(expr: TensorExpr): ElementType {
  return expr.op === 'permute-rows' ? dtypeOf(expr.of) : expr.dtype;
}

/** The checkpoint's tensor that it is made of, unless the configuration alone gives it. */
export function sourceOf(expr: TensorExpr): SourceExpr | undefined {
  return expr.op === 'permute-rows' ? sourceOf(expr.of) : expr.op === 'source' ? expr : undefined;
}

/** Elements of a shape. Checkpoint shapes were checked for overflow when their header was read. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Elements of a row: the last dimension (1 for a scalar). */
export function rowLength(shape: readonly number[]): number {
  return shape.at(-1) ?? 1;
}
