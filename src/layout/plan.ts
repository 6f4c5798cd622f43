import type { GgmlType, GgufValue } from '../gguf/types.js';
import type { TensorExpr } from '../tensor/expr.js';

/** What a conversion will write, to the byte: plain data, known before any weight is read. */
export interface Plan {
  readonly source: { readonly id: string; readonly revision: string | null; readonly architecture: string };
  readonly files: readonly PlacedFile[];
  /** Small files, then those of weights. */
  readonly sources: readonly PlannedSource[];
  /** How the source keeps its weights; not of GGUF files. The part with the most parameters comes first. */
  readonly kept?: readonly KeptPart[];
  /** Bytes of weights that will be read. Bytes that several files need count once. */
  readonly sourceBytes: number;
  /**
   * The least bytes of buffers with which the files can be filled: what the largest of all smallest pieces takes.
   * Neither the number of jobs nor the limit of memory changes it.
   */
  readonly memory: number;
  /** Bytes of all files together. */
  readonly disk: number;
}

/** A file of the source, and how its bytes are compared with what its host says of them. */
export interface PlannedSource {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes that are read of it. */
  readonly read: number;
  /** The hash with which the whole file is compared; `part` where too little of it is read, `none` where none is known. */
  readonly check: 'sha256' | 'sha1' | 'part' | 'none';
}

/** The tensors of a checkpoint that are kept in one way. */
export interface KeptPart {
  /** A dtype, such as `BF16`, or a way of quantizing, such as `GPTQ 4 bits`. */
  readonly kept: string;
  readonly tensors: number;
  /** Their elements when they are decoded. */
  readonly parameters: number;
  /** What they take in the checkpoint's files, with their scales and whatever else decodes them. */
  readonly bytes: number;
}

/** A plan whose files have no path yet. */
export interface UnplacedPlan extends Omit<Plan, 'files'> {
  readonly files: readonly PlannedFile[];
}

/** A planned file that has a path. */
export interface PlacedFile extends PlannedFile {
  /** The file's path. */
  readonly path: string;
  /** Whether a file that is there now will be replaced. */
  readonly replaces: boolean;
}

/** A GGUF file that a plan describes: its header, and how its tensors are made. */
export interface PlannedFile {
  readonly name: string;
  /** For a part of a split file: its index from 0, and the number of parts. */
  readonly part?: readonly [number: number, count: number];
  /** The file type's name: `BF16`, `Q4_K_M`; null for a vocabulary. */
  readonly type: string | null;
  readonly kv: readonly (readonly [string, GgufValue])[];
  readonly tensors: readonly PlannedTensor[];
  /** Bytes before the data section. */
  readonly headerSize: number;
  readonly size: number;
  readonly parameters: number;
  /** The bits of all tensors, divided by the number of their elements; 0 without tensors. */
  readonly bitsPerWeight: number;
  /** Bits per weight if every row length fitted the type that the recipe asks for. */
  readonly askedBitsPerWeight: number;
  /** The share of parameters (0 to 1) that get another type than the recipe's because of their row length. */
  readonly fallbackShare: number;
  /** The expected cost of the types. It is there if a target size was given. */
  readonly prediction?: Prediction;
}

/** What a choice of types is expected to cost. */
export interface Prediction {
  /** Mean KL divergence from the source, in nats; null where no sensitivities were measured. */
  readonly kld: number | null;
  /**
   * The squared errors of all tensors, weighted by the importance matrix and summed, divided by the weighted squares of
   * their values.
   */
  readonly relativeError: number;
}

/** How the bytes of a tensor come from those of its expression. */
export type TensorWrite = CopyWrite | ConvertWrite;

/** The bytes are copied. */
export interface CopyWrite {
  readonly kind: 'copy';
}

/** The values are converted to the tensor's type. */
export interface ConvertWrite {
  readonly kind: 'convert';
  /**
   * The type to which values are rounded first: the converter's type where llama-quantize would read the converter's
   * file; else F32, which changes nothing.
   */
  readonly via: GgmlType;
  /** Whether NaN and infinite values are errors. They are for quantizing; a plain conversion writes them and warns. */
  readonly finite: boolean;
  /** Importance weights of the columns for each expert: (ne[2] or 1, ne[0]). */
  readonly weights?: Float32Array;
}

/** The importance weights of a tensor, if it has any. */
export function writeWeights(write: TensorWrite): Float32Array | undefined {
  return write.kind === 'convert' ? write.weights : undefined;
}

/** A tensor of a planned file: its type, its place, and how its bytes are made. */
export interface PlannedTensor {
  readonly name: string;
  readonly type: GgmlType;
  /** Dimensions in ggml's order: the row length first. */
  readonly ne: readonly number[];
  /** Bytes from the start of the data section. */
  readonly offset: number;
  readonly size: number;
  readonly expr: TensorExpr;
  readonly write: TensorWrite;
  /** The rule that chose the type. */
  readonly why: string;
  /** The type that the recipe asked for, if the row length forced another. */
  readonly instead?: GgmlType;
}
