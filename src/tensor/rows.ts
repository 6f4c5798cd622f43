import { rowsOf, type TensorExpr } from './expr.js';
import type { Interpreter, Operator } from './operator.js';
import { concat } from './operators/concat.js';
import { apply, arithmetic, cast } from './operators/elementwise.js';
import { gather } from './operators/gather.js';
import { constant, fill, source } from './operators/leaves.js';
import { norm } from './operators/norm.js';
import { repack, unpack } from './operators/packed.js';
import { view } from './operators/view.js';

/** Functions that read an expression, as `Interpreter` says. Each calls the operator at the expression's root. */

type Operators = { readonly [Op in TensorExpr['op']]: Operator<Extract<TensorExpr, { op: Op }>> };

const OPERATORS: Operators = {
  ...{ source, constant, fill, view, concat, gather },
  ...{ add: arithmetic, sub: arithmetic, mul: arithmetic, div: arithmetic },
  ...{ apply, cast, norm, unpack, repack },
};

const operatorOf = (expr: TensorExpr) => OPERATORS[expr.op] as Operator<TensorExpr>;

const ALL: Interpreter = {
  shape: (expr) => operatorOf(expr).shape(expr, ALL),
  dtype: (expr) => operatorOf(expr).dtype(expr, ALL),
  grain: (expr) => operatorOf(expr).grain(expr, ALL),
  narrow: (expr, from, to) => operatorOf(expr).narrow(expr, from, to, ALL),
  segments: (expr) => operatorOf(expr).segments(expr, ALL),
  evaluate: (expr, place) => operatorOf(expr).evaluate(expr, place, ALL),
  memory: (expr) => operatorOf(expr).memory(expr, ALL),
  sources: (expr) => operatorOf(expr).sources(expr, ALL),
};

export const { shape: shapeOf, dtype: dtypeOf, grain, narrow, segments, evaluate } = ALL;
export const { memory: memoryOf, sources: sourcesOf } = ALL;

/** The number of rows: the product of all dimensions but the last; 0 if rows have no elements. */
export const rowCount = (expr: TensorExpr): number => rowsOf(shapeOf(expr));
