import type { KeyValues } from '../gguf/key-values.js';

/** A GGUF file, or all parts of a split one, without the tensors' data. */
export interface Outline {
  readonly kv: KeyValues;
  readonly tensors: readonly OutlinedTensor[];
}

/** The name and the shape of a tensor. */
export interface OutlinedTensor {
  readonly name: string;
  /** Dimensions in ggml's order: the row length first. */
  readonly ne: readonly number[];
}
