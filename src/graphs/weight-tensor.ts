import type { GgmlType } from '../gguf/types.js';

/** A weight tensor and where its bytes are: a file to be mapped, or memory (of a checkpoint's expression). */
export interface WeightTensor {
  readonly name: string;
  readonly type: GgmlType;
  /** Row length first. */
  readonly ne: readonly number[];
  readonly data:
    | { readonly kind: 'file'; readonly path: string; readonly offset: number }
    | { readonly kind: 'memory'; readonly bytes: Uint8Array };
}
