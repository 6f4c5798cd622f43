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
  ...{ source, constant, fill, view, concat, gather },
  ...{ add: arithmetic, sub: arithmetic, mul: arithmetic, div: arithmetic },
  ...{ apply, cast, norm, unpack, repack },
};

const operatorOf = (expr: TensorExpr) => OPERATORS[expr.op] as Operator<TensorExpr>;

/** Outermost dimension first. */
export const shapeOf = (expr: TensorExpr): readonly number[] => operatorOf(expr).shape(expr, ALL);

/** The type of the expression's elements. */
export const dtypeOf = (expr: TensorExpr): ElementType => operatorOf(expr).dtype(expr, ALL);

/** A number of rows: pieces cut at multiples of it read whole runs of the sources, others more and shorter runs. */
export const grain = (expr: TensorExpr): number => operatorOf(expr).grain(expr, ALL);

/** Rows [from, to) as an expression of shape [to - from, row length] that reads only what these rows need. */
export const narrow = (expr: TensorExpr, from: number, to: number): TensorExpr =>
  operatorOf(expr).narrow(expr, from, to, ALL);

/** The source bytes that all rows need. */
export const segments = (expr: TensorExpr): Segment[] => operatorOf(expr).segments(expr, ALL);

/** All rows in the expression's dtype, in row-major order. The result may be a view of fetched bytes. */
export const evaluate = (expr: TensorExpr, place: Workplace): Uint8Array => operatorOf(expr).evaluate(expr, place, ALL);

/** The most bytes that `evaluate` takes from the workplace, the result's included. Fetched bytes do not count. */
export const memoryOf = (expr: TensorExpr): number => operatorOf(expr).memory(expr, ALL);

/** The source tensors of the expression. */
export const sourcesOf = (expr: TensorExpr): readonly SourceExpr[] => operatorOf(expr).sources(expr, ALL);

const ALL: Interpreter = {
  ...{ shape: shapeOf, dtype: dtypeOf, grain, narrow },
  ...{ segments, evaluate, memory: memoryOf, sources: sourcesOf },
};

/** The number of rows: the product of all dimensions but the last; 0 if rows have no elements. */
export const rowCount = (expr: TensorExpr): number => rowsOf(shapeOf(expr));

/** Bytes of a row in the expression's dtype. */
export const bytesOfRow = (expr: TensorExpr): number => bytesOf(dtypeOf(expr), rowLength(shapeOf(expr)));
