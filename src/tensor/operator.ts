import type { ElementType } from './dtype.js';
import type { SourceExpr, TensorExpr } from './expr.js';
import type { TensorKernels } from './kernels.js';

/** `count` runs of `length` bytes in a source file. Their starts are `stride` bytes apart. */
export interface Segment {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly count: number;
  /** At least `length`. It means nothing where `count` is 1. */
  readonly stride: number;
}

/** The bytes of a segment in memory. */
export interface Fetched {
  /** They begin with the first run. */
  readonly bytes: Uint8Array;
  /** Bytes between the starts of two runs: the segment's stride, or less where only the runs were read. */
  readonly stride: number;
}

/** What an evaluation uses: a way to get source bytes, memory for its results, and kernels. */
export interface Workplace {
  fetch(segment: Segment): Fetched;
  /** `size` bytes of memory, which may have any content. */
  take(size: number): Uint8Array;
  /** Runs `use` and then frees the memory that it took. */
  scope<T>(use: () => T): T;
  readonly kernels: TensorKernels;
}

/** What is asked of an expression of any operator. */
export interface Interpreter {
  /** Outermost dimension first. */
  shape(expr: TensorExpr): readonly number[];
  /** The type of the expression's elements. */
  dtype(expr: TensorExpr): ElementType;
  /**
   * A number of rows. Pieces that are cut at multiples of it read whole runs of their sources. Other pieces read more
   * and shorter runs, but no byte twice.
   */
  grain(expr: TensorExpr): number;
  /** Rows [from, to) as an expression of shape [to - from, row length] that reads only what these rows need. */
  narrow(expr: TensorExpr, from: number, to: number): TensorExpr;
  /** The source bytes that all rows need. No byte is in two segments unless the expression uses its source twice. */
  segments(expr: TensorExpr): Segment[];
  /** All rows in the expression's dtype, in row-major order. The result may be a view of fetched bytes. */
  evaluate(expr: TensorExpr, place: Workplace): Uint8Array;
  /** The most bytes that `evaluate` takes from the workplace; fetched bytes do not count. */
  memory(expr: TensorExpr): number;
  /** The source tensors of the expression. */
  sources(expr: TensorExpr): readonly SourceExpr[];
}

type Own<Expr, Ask> = Ask extends (expr: TensorExpr, ...rest: infer Rest) => infer Answer
  ? (expr: Expr, ...rest: [...Rest, all: Interpreter]) => Answer
  : never;

/** An operator: answers for its own expressions. It asks `all` about the operands, which may be of any operator. */
export type Operator<Expr extends TensorExpr> = {
  readonly [Name in keyof Interpreter]: Own<Expr, Interpreter[Name]>;
};
