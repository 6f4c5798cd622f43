import { bytesOf, type ElementType } from './dtype.js';
import { rowLength, rowsOf, type SourceExpr, type TensorExpr } from './expr.js';
import type { Interpreter, Operator, Segment, Workplace } from './operator.js';
import { concat } from './operators/concat.js';
import { apply, arithmetic, cast } from './operators/elementwise.js';
import { gather } from './operators/gather.js';
import { constant, fill, reduced } from './operators/known.js';
import { repack, unpack } from './operators/packed.js';
import { source } from './operators/source.js';
import { view } from './operators/view.js';

/** Reads expressions: each function asks the operator of the expression's root. */

type Operators = { readonly [Op in TensorExpr['op']]: Operator<Extract<TensorExpr, { op: Op }>> };

const OPERATORS: Operators = {
  source,
  constant,
  fill,
  reduced,
  view,
  concat,
  gather,
  add: arithmetic,
  sub: arithmetic,
  mul: arithmetic,
  div: arithmetic,
  apply,
  cast,
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

export function dtypeOf(expr: TensorExpr): ElementType {
  return operatorOf(expr).dtype(expr, ALL);
}

/** Cuts at multiples of so many rows read whole runs of the sources; other cuts read more and smaller ones. */
export function grain(expr: TensorExpr): number {
  return operatorOf(expr).grain(expr, ALL);
}

/** Rows [from, to) as an expression of shape [to - from, row length], with the parts that they need and no more. */
export function narrow(expr: TensorExpr, from: number, to: number): TensorExpr {
  return operatorOf(expr).narrow(expr, from, to, ALL);
}

/** The source bytes that all of it needs. */
export function segments(expr: TensorExpr): Segment[] {
  return operatorOf(expr).segments(expr, ALL);
}

/** All of it, row by row, in its dtype; may be a view of fetched bytes. */
export function evaluate(expr: TensorExpr, place: Workplace): Uint8Array {
  return operatorOf(expr).evaluate(expr, place, ALL);
}

/** Bytes that `evaluate` takes at most, the result among them, beside the fetched ones. */
export function memoryOf(expr: TensorExpr): number {
  return operatorOf(expr).memory(expr, ALL);
}

/** The tensors of the checkpoint or of a file that it is made of. */
export function sourcesOf(expr: TensorExpr): readonly SourceExpr[] {
  return operatorOf(expr).sources(expr, ALL);
}

export function rowCount(expr: TensorExpr): number {
  return rowsOf(shapeOf(expr));
}

/** Bytes of a row in the expression's dtype. */
export function bytesOfRow(expr: TensorExpr): number {
  return bytesOf(dtypeOf(expr), rowLength(shapeOf(expr)));
}
