import type { GgmlType } from '../gguf/types.js';
import type { Prediction } from './plan.js';

export interface WrittenFile {
  readonly path: string;
  /** Whether it took the place of another file. */
  readonly replaced: boolean;
  /** Bytes. */
  readonly size: number;
  /** The file type's name: `BF16`, `Q4_K_M`; null for a vocabulary. */
  readonly type: string | null;
  /** Bits per weight, the tensors' bytes over their elements. */
  readonly bitsPerWeight: number;
  /** The same if every row fitted the requested type. */
  readonly askedBitsPerWeight: number;
  /** Share of the parameters (0 to 1) whose row length forced another type than the requested one. */
  readonly fallbackShare: number;
  /** The expected damage of the types; present for a target size. */
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
  /** The same over the root mean square of the source's values. */
  readonly relativeRmse: number;
  /** The largest difference. */
  readonly maxError: number;
  /** The squared differences, each times its column's importance, summed: where an importance matrix was used. */
  readonly weightedSquaredError?: number;
}
