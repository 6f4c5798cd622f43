import type { GgmlType } from '../gguf/types.js';

/**
 * A weight tensor, and where its bytes are: in a file that is mapped, or in memory (for an expression of a checkpoint).
 */
export interface WeightTensor {
  readonly name: string;
  readonly type: GgmlType;
  /** Dimensions, the row length first. */
  readonly ne: readonly number[];
  readonly data:
    | { readonly kind: 'file'; readonly path: string; readonly offset: number }
    | { readonly kind: 'memory'; readonly bytes: Uint8Array };
}
