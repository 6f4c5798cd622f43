import { bytesOf, type ElementType } from './dtype.js';
import { rowLength, rowsOf, type SourceExpr, type TensorExpr } from './expr.js';
import type { Interpreter, Operator, Segment, Workplace } from './operator.js';
import { concat } from './operators/concat.js';
import { apply, arithmetic, cast } from './operators/elementwise.js';
import { gather } from './operators/gather.js';
import { constant, fill } from './operators/known.js';
import { norm } from './operators/norm.js';
import { repack, unpack } from './operators/packed.js';
import { source } from './operators/source.js';
import { view } from './operators/view.js';

/** Functions that read an expression. Each calls the operator at the expression's root. */

type Operators = { readonly [Op in TensorExpr['op']]: Operator<Extract<TensorExpr, { op: Op }>> };

const OPERATORS: Operators = {
  source,
  constant,
  fill,
  view,
  concat,
  gather,
  add: arithmetic,
  sub: arithmetic,
  mul: arithmetic,
  div: arithmetic,
  apply,
  cast,
  norm,
  unpack,
  repack,
};

function operatorOf(expr: TensorExpr): Operator<TensorExpr> {
  return OPERATORS[expr.op] as Operator<TensorExpr>;
}

const ALL: Interpreter = {
  shape: shapeOf,
  dtype: dtypeOf,
  grain,
  narrow,
  segments,
  evaluate,
  memory: memoryOf,
  sources: sourcesOf,
};

/** Outermost dimension first. */
export function shapeOf(expr: TensorExpr): readonly number[] {
  return operatorOf(expr).shape(expr, ALL);
}

/** The type of the expression's elements. */
export function dtypeOf(expr: TensorExpr): ElementType {
  return operatorOf(expr).dtype(expr, ALL);
}

/**
 * A number of rows: pieces cut at multiples of it read whole runs of the sources. Other pieces read more and shorter
 * runs.
 */
export function grain(expr: TensorExpr): number {
  return operatorOf(expr).grain(expr, ALL);
}

/** Rows [from, to) as an expression of shape [to - from, row length] that reads only what these rows need. */
export function narrow(expr: TensorExpr, from: number, to: number): TensorExpr {
  return operatorOf(expr).narrow(expr, from, to, ALL);
}

/** The source bytes that all rows need. */
export function segments(expr: TensorExpr): Segment[] {
  return operatorOf(expr).segments(expr, ALL);
}

/** All rows in the expression's dtype, in row-major order. The result may be a view of fetched bytes. */
export function evaluate(expr: TensorExpr, place: Workplace): Uint8Array {
  return operatorOf(expr).evaluate(expr, place, ALL);
}

/**
 * The most bytes that `evaluate` takes from the workplace, those of the result included. Fetched bytes do not count.
 */
export function memoryOf(expr: TensorExpr): number {
  return operatorOf(expr).memory(expr, ALL);
}

/** The source tensors of the expression. */
export function sourcesOf(expr: TensorExpr): readonly SourceExpr[] {
  return operatorOf(expr).sources(expr, ALL);
}

/** The number of rows: the product of all dimensions but the last; 0 if rows have no elements. */
export function rowCount(expr: TensorExpr): number {
  return rowsOf(shapeOf(expr));
}

/** Bytes of a row in the expression's dtype. */
export function bytesOfRow(expr: TensorExpr): number {
  return bytesOf(dtypeOf(expr), rowLength(shapeOf(expr)));
}
