import type { Plan, Prediction } from './convert/plan.js';
import type { GgmlType } from './gguf/types.js';
import type { Coverage } from './quantize/imatrix/coverage.js';
import type { Checked, CheckResult } from './runner/check.js';

/** What a conversion reports while it runs; the terminal, `--json` and a web page read the same events. */
export type ConvertEvent =
  /** What is being done now. */
  | {
      readonly event: 'phase';
      readonly phase: 'open' | 'collect' | 'sensitivity' | 'plan' | 'measure' | 'fill' | 'flush' | 'check';
    }
  /** Everything about the output, before the first weight is read. */
  | { readonly event: 'plan'; readonly plan: Plan }
  /** Which of the tensors to be quantized the importance matrix has weights for. */
  | { readonly event: 'imatrix'; readonly coverage: Coverage }
  /** Chunks of the calibration text that the model has run over, of all. */
  | { readonly event: 'chunk'; readonly done: number; readonly total: number }
  /** Bytes of weights read from the source, of all that will be. */
  | { readonly event: 'progress'; readonly done: number; readonly total: number }
  /** Something that stops nothing but should be known. */
  | { readonly event: 'warning'; readonly message: string }
  /** A file stands under its final name. */
  | ({ readonly event: 'file' } & WrittenFile)
  /** Chunks of the text that the files and the source were checked on, of all, and what is measured so far. */
  | { readonly event: 'check'; readonly done: number; readonly total: number; readonly models: readonly Checked[] }
  | { readonly event: 'done'; readonly result: ConvertResult };

export interface ConvertResult {
  readonly files: readonly WrittenFile[];
  /** How far they are from the source, where it was asked for (`check`). */
  readonly check?: CheckResult;
}

export interface WrittenFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** The file type's name: `BF16`, `Q4_K_M`; null for a vocabulary. */
  readonly type: string | null;
  /** Bits per weight, the tensors' bytes over their elements. */
  readonly bitsPerWeight: number;
  /** The same if every row fitted the type that was asked for. */
  readonly askedBitsPerWeight: number;
  /** Share of the parameters (0 to 1) whose row length forced another type than asked for. */
  readonly fallbackShare: number;
  /** What its types were chosen by, for a target size. */
  readonly prediction?: Prediction;
  /** What was lost, where it was asked for (`stats`). */
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
