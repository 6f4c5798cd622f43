import { UnsupportedError } from '../../errors.js';

/** The name of a value of shape (tokens, width). An operator writes it, and later ones read it. */
export type ValueName = string;
/** The name of a weight tensor in the file. */
export type WeightName = string;

/** The graph of a model does not fit its tensors. */
export class GraphError extends UnsupportedError {}

/** Makes the error for a graph that does not fit its tensors. */
export function contradiction(what: string): GraphError {
  return new GraphError(`The model cannot be run: ${what}.`, 'The file may be damaged: convert the model again.');
}

/** The shape of a weight: rows of `columns` numbers. */
export interface Matrix {
  readonly columns: number;
  readonly rows: number;
}

/** The shape of a weight of three dimensions: several matrices of one shape, for example one for each expert. */
export interface Matrices extends Matrix {
  readonly matrices: number;
}

/**
 * The shapes of all weights, and of the values that earlier operators write. Each function throws GraphError for an
 * unknown name or a wrong shape.
 */
export interface Shapes {
  /** The number of tokens in the vocabulary. */
  readonly vocabulary: number;
  width(value: ValueName): number;
  matrix(weight: WeightName): Matrix;
  matrices(weight: WeightName): Matrices;
  /** Checks that a weight is a single row of `length` numbers. */
  vector(weight: WeightName, length: number): void;
}

/** The memory that an operator needs beside its values and weights, counted in float32 numbers. */
export interface Memory {
  /** Kept between runs, for each position of the context. */
  readonly perPosition?: number;
  /**
   * Kept between runs, whatever the context's length. Such an operator cannot go back to an earlier position, except to
   * the first.
   */
  readonly fixed?: number;
  /** Needed while the operator runs, for each token of a batch. */
  readonly perToken?: number;
}

/**
 * What the rest of the program knows of an operator. Its C++ side is a class in native/runner/operators/, which gets
 * the numbers of this operator and the indices of its values and weights under the same names.
 */
export interface OperatorKind<Op extends { readonly op: string }, Field extends string = keyof Op & string> {
  readonly op: Op['op'];
  /** The fields that are names of weights. */
  readonly weights: readonly Field[];
  /** The fields that are names of values it reads. */
  readonly inputs: readonly Field[];
  /** The field that is the name of the value it writes. */
  readonly output: Field;
  /** Whether it can write the value that it reads. */
  readonly inPlace: boolean;
  /** Checks the shapes. @returns the output's width. @throws GraphError */
  width(operator: Op, shapes: Shapes): number;
  /** The numbers that the engine gets. @default all fields that are numbers */
  numbers?(operator: Op): Readonly<Record<string, number>>;
  /** @default nothing */
  memory?(operator: Op, shapes: Shapes): Memory;
}

/**
 * The length of each part if `width` is divided into equal parts.
 * @param of the name for the message.
 * @throws GraphError if the parts are not whole
 */
export function divideEqually(width: number, parts: number, of: string): number {
  const part = width / parts;
  if (!Number.isInteger(parts) || parts < 1 || !Number.isInteger(part)) {
    throw contradiction(`${of} of ${width} cannot be divided by ${parts}`);
  }
  return part;
}

/** Checks that the rows of a weight are as long as its input is wide. @throws GraphError */
export function requireColumns(weight: WeightName, { columns }: Matrix, width: number): void {
  if (columns !== width) {
    throw contradiction(`the tensor ${weight} has rows of ${columns}, but its input is ${width} wide`);
  }
}
