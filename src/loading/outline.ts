import type { KeyValues } from '../gguf/key-values.js';

/** A file, or all parts of one, without the tensors' data. */
export interface Outline {
  readonly kv: KeyValues;
  readonly tensors: readonly OutlinedTensor[];
}

export interface OutlinedTensor {
  readonly name: string;
  /** A row's length first. */
  readonly ne: readonly number[];
}
