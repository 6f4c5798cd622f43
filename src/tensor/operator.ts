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

/** What an operator does, as a table of functions. They call `all` for the operands, which may be of any operator. */
export interface Operator<Expr extends TensorExpr> {
  shape(expr: Expr, all: Interpreter): readonly number[];
  dtype(expr: Expr, all: Interpreter): ElementType;
  /**
   * A number of rows. Pieces that are cut at multiples of it read whole runs of their sources. Other pieces read more
   * and shorter runs, but no byte twice.
   */
  grain(expr: Expr, all: Interpreter): number;
  /** Rows [from, to) as an expression of shape [to - from, row length] that reads only what these rows need. */
  narrow(expr: Expr, from: number, to: number, all: Interpreter): TensorExpr;
  /** The source bytes that all rows need. No byte is in two segments unless the expression uses its source twice. */
  segments(expr: Expr, all: Interpreter): Segment[];
  /** All rows in the expression's dtype, in row-major order. The result may be a view of fetched bytes. */
  evaluate(expr: Expr, place: Workplace, all: Interpreter): Uint8Array;
  /** The most bytes that `evaluate` takes from the workplace; fetched bytes do not count. */
  memory(expr: Expr, all: Interpreter): number;
  /** The source tensors of the expression. */
  sources(expr: Expr, all: Interpreter): readonly SourceExpr[];
}

/** The same functions for an expression of any operator. */
export interface Interpreter {
  shape(expr: TensorExpr): readonly number[];
  dtype(expr: TensorExpr): ElementType;
  grain(expr: TensorExpr): number;
  narrow(expr: TensorExpr, from: number, to: number): TensorExpr;
  segments(expr: TensorExpr): Segment[];
  evaluate(expr: TensorExpr, place: Workplace): Uint8Array;
  memory(expr: TensorExpr): number;
  sources(expr: TensorExpr): readonly SourceExpr[];
}
