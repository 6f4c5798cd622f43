import type { ElementType } from './dtype.js';
import type { SourceExpr, TensorExpr } from './expr.js';
import type { TensorKernels } from './kernels.js';

/** `count` runs of `length` bytes of a source file, the starts of which are `stride` bytes apart. */
export interface Segment {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly count: number;
  /** At least `length`; where `count` is 1, it means nothing. */
  readonly stride: number;
}

/** A segment's bytes where they were read to. */
export interface Fetched {
  /** From the first run's start on. */
  readonly bytes: Uint8Array;
  /** Bytes from one run's start to the next one's: the segment's stride, or less where only the runs were read. */
  readonly stride: number;
}

/** What an evaluation gets its bytes from, where it puts those that it makes, and what it computes with. */
export interface Workplace {
  fetch(segment: Segment): Fetched;
  /** Memory of so many bytes, with anything in it. */
  take(size: number): Uint8Array;
  /** Runs `use`, after which the memory that it took is free again. */
  scope<T>(use: () => T): T;
  readonly kernels: TensorKernels;
}

/** All that is known of an operator. Its operands are asked through `all`. */
export interface Operator<Expr extends TensorExpr> {
  shape(expr: Expr, all: Interpreter): readonly number[];
  dtype(expr: Expr, all: Interpreter): ElementType;
  /** Cuts at multiples of so many rows read whole runs; others read more and smaller ones, but no byte twice. */
  grain(expr: Expr, all: Interpreter): number;
  /** Rows [from, to) as an expression of its own, of shape [to - from, row length], with what they need and no more. */
  narrow(expr: Expr, from: number, to: number, all: Interpreter): TensorExpr;
  /** The source bytes that all rows need, each once unless the expression has a source twice. */
  segments(expr: Expr, all: Interpreter): Segment[];
  /** All rows in the expression's dtype, row by row; may be a view of fetched bytes. */
  evaluate(expr: Expr, place: Workplace, all: Interpreter): Uint8Array;
  /** Bytes that `evaluate` takes at most, beside the fetched ones. */
  memory(expr: Expr, all: Interpreter): number;
  /** The tensors of the checkpoint or file that it is made of. */
  sources(expr: Expr, all: Interpreter): readonly SourceExpr[];
}

/** The same functions for any expression. */
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
