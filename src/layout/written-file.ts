import type { GgmlType } from '../gguf/types.js';
import type { Prediction } from './plan.js';

/** A file that was written. */
export interface WrittenFile {
  readonly path: string;
  /** Whether the file replaced another. */
  readonly replaced: boolean;
  /** Bytes. */
  readonly size: number;
  /** The file type's name: `BF16`, `Q4_K_M`; null for a vocabulary. */
  readonly type: string | null;
  /** The bits of all tensors, divided by the number of their elements. */
  readonly bitsPerWeight: number;
  /** Bits per weight if every row length fitted the requested type. */
  readonly askedBitsPerWeight: number;
  /** The share of parameters (0 to 1) that got another type than the requested one because of their row length. */
  readonly fallbackShare: number;
  /** The expected cost of the types. It is there if a target size was given. */
  readonly prediction?: Prediction;
  /** Each tensor's loss; present with the option `stats`. */
  readonly tensors?: readonly TensorStats[];
}

/** How far a tensor in the output is from the source's values. */
export interface TensorStats {
  readonly name: string;
  readonly type: GgmlType;
  readonly elements: number;
  /** The root of the mean squared difference. */
  readonly rmse: number;
  /** `rmse`, divided by the root mean square of the source's values. */
  readonly relativeRmse: number;
  /** The largest absolute difference. */
  readonly maxError: number;
  /**
   * The sum of the squared differences, each times the importance of its column. It is there if an importance matrix
   * was used.
   */
  readonly weightedSquaredError?: number;
}
