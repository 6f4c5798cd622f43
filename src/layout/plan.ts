import type { GgmlType, GgufValue } from '../gguf/types.js';
import type { TensorExpr } from '../tensor/expr.js';

/** What a conversion will write, to the byte: plain data, known before any weight is read. */
export interface Plan {
  readonly source: { readonly id: string; readonly revision: string | null; readonly architecture: string };
  readonly files: readonly PlacedFile[];
  /** Bytes of weights that will be read, once for all files. */
  readonly sourceBytes: number;
  /**
   * Bytes of buffers that filling needs at least, whatever the jobs and the memory that it may take: the smallest piece of
   * work of the tensor for which that is largest.
   */
  readonly memory: number;
  /** Bytes that the files will take together. */
  readonly disk: number;
}

/** A plan before it is known where its files go. */
export interface UnplacedPlan extends Omit<Plan, 'files'> {
  readonly files: readonly PlannedFile[];
}

export interface PlacedFile extends PlannedFile {
  /** Where it will be written to. */
  readonly path: string;
  /** Whether a file that is there now will be replaced. */
  readonly replaces: boolean;
}

export interface PlannedFile {
  readonly name: string;
  /** Which part of a split file it is, from 0, and of how many. */
  readonly part?: readonly [number: number, count: number];
  /** The file type's name: `BF16`, `Q4_K_M`; null for a vocabulary. */
  readonly type: string | null;
  readonly kv: readonly (readonly [string, GgufValue])[];
  readonly tensors: readonly PlannedTensor[];
  /** Bytes before the data section. */
  readonly headerSize: number;
  readonly size: number;
  readonly parameters: number;
  /** The tensors' bits over their elements; 0 without tensors. */
  readonly bitsPerWeight: number;
  /** The same if every row fitted the type that the recipe asks for. */
  readonly askedBitsPerWeight: number;
  /** Share of the parameters (0 to 1) whose row length forced another type than the recipe's. */
  readonly fallbackShare: number;
  /** The expected damage of the types; present for a target size. */
  readonly prediction?: Prediction;
}

/** What a choice of types is expected to cost. */
export interface Prediction {
  /** Mean KL divergence from the source, in nats; null where no sensitivities were measured. */
  readonly kld: number | null;
  /** The tensors' squared errors, weighted by the importance matrix, over their weighted squares, summed. */
  readonly relativeError: number;
}

/** How a tensor's bytes are made of the source's. */
export type TensorWrite = CopyWrite | ConvertWrite;

/** They are the same. */
export interface CopyWrite {
  readonly kind: 'copy';
}

/** Values become the tensor's type. */
export interface ConvertWrite {
  readonly kind: 'convert';
  /** The type that values are rounded to before: the converter's, when llama-quantize would read its file. */
  readonly via: GgmlType;
  /** Quantizing refuses NaN and Inf, plain conversion passes them on with a warning. */
  readonly finite: boolean;
  /** How much the error of each column counts, expert by expert: (ne[2] or 1) x ne[0]. */
  readonly weights?: Float32Array;
}

/** Importance weights, where there are some. */
export function writeWeights(write: TensorWrite): Float32Array | undefined {
  return write.kind === 'convert' ? write.weights : undefined;
}

export interface PlannedTensor {
  readonly name: string;
  readonly type: GgmlType;
  /** ggml's order: the row length first. */
  readonly ne: readonly number[];
  /** From the start of the data section. */
  readonly offset: number;
  readonly size: number;
  readonly expr: TensorExpr;
  readonly write: TensorWrite;
  /** The rule that chose the type. */
  readonly why: string;
  /** The type that the recipe asked for, where the row length forced another. */
  readonly instead?: GgmlType;
}
