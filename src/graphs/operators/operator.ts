import { UnsupportedError } from '../../errors.js';

/** The name of a value of shape (tokens, width), which an operator writes and others read. */
export type ValueName = string;
/** The name of a weight tensor in the file. */
export type WeightName = string;

/** A model's graph and tensors don't go together. */
export class GraphError extends UnsupportedError {}

export function contradiction(what: string): GraphError {
  return new GraphError(`The model cannot be run: ${what}.`, 'The file may be damaged: convert the model again.');
}

/** Rows of a weight, row length first. */
export interface Matrix {
  readonly columns: number;
  readonly rows: number;
}

/** A weight of three dimensions: matrices of one shape, such as one an expert. */
export interface Matrices extends Matrix {
  readonly matrices: number;
}

/** The shapes of the values that were written before an operator, and of all weights. Each throws GraphError. */
export interface Shapes {
  /** Tokens of the vocabulary. */
  readonly vocabulary: number;
  width(value: ValueName): number;
  matrix(weight: WeightName): Matrix;
  matrices(weight: WeightName): Matrices;
  /** Makes sure that a weight is a single row of `length` numbers. */
  vector(weight: WeightName, length: number): void;
}

/** Float32 numbers that an operator needs beside its values and weights. */
export interface Memory {
  /** Kept from run to run for each position of the context. */
  readonly perPosition?: number;
  /**
   * Kept from run to run, and as much in any context. The operator cannot go back to an earlier position than the
   * last one, other than to the first.
   */
  readonly fixed?: number;
  /** Needed while it runs, for each token of a batch. */
  readonly perToken?: number;
}

/**
 * All that the rest of the program knows of an operator. The C++ side is a class in native/runner/operators/ that gets
 * the operator's numbers, and the numbers of its values and weights, under the same names.
 */
export interface OperatorKind<Op extends { readonly op: string }, Field extends string = keyof Op & string> {
  readonly op: Op['op'];
  /** The fields that name weights. */
  readonly weights: readonly Field[];
  /** The fields that name the values which it reads. */
  readonly inputs: readonly Field[];
  /** The field that names the value which it writes. */
  readonly output: Field;
  /** Whether it may write the value that it reads. */
  readonly inPlace: boolean;
  /** Checks the shapes. @returns the output's width. @throws GraphError */
  width(operator: Op, shapes: Shapes): number;
  /** What the engine gets beside values and weights. @default all fields that are numbers */
  numbers?(operator: Op): Readonly<Record<string, number>>;
  /** @default nothing */
  memory?(operator: Op, shapes: Shapes): Memory;
}

/** The length of each of some equal parts. @throws GraphError */
export function divideEqually(width: number, parts: number, of: string): number {
  const part = width / parts;
  if (!Number.isInteger(parts) || parts < 1 || !Number.isInteger(part)) {
    throw contradiction(`${of} of ${width} cannot be divided by ${parts}`);
  }
  return part;
}

/** Makes sure that a weight's rows are as long as its input is wide. @throws GraphError */
export function requireColumns(weight: WeightName, { columns }: Matrix, width: number): void {
  if (columns !== width) {
    throw contradiction(`the tensor ${weight} has rows of ${columns}, but its input is ${width} wide`);
  }
}
