import type { GgmlType } from './gguf/types.js';
import type { Plan, Prediction } from './layout/plan.js';
import type { Coverage } from './quantize/imatrix/coverage.js';
import type { Checked, CheckResult } from './runner/check-result.js';

/** What is being done: the stages of every call. */
export type Phase = 'open' | 'collect' | 'sensitivity' | 'plan' | 'measure' | 'fill' | 'flush' | 'check';

/** A stage begins. */
export interface PhaseEvent {
  readonly event: 'phase';
  readonly phase: Phase;
  /** Which of the call's stages it is, from 1; calls number the stages that they yield. */
  readonly step?: number;
  /** How many there are, known from the first on; some may be left out. */
  readonly steps?: number;
}

/**
 * How far the stage is. Bytes are of weights that are read from the source, chunks of the text that a model runs over,
 * trials are runs of a model with some tensors quantized.
 */
export interface ProgressEvent {
  readonly event: 'progress';
  readonly unit: 'bytes' | 'chunks' | 'trials';
  readonly done: number;
  readonly total: number;
}

/** A request to the Hub failed in a way that may pass, and is tried again after a pause. */
export interface WaitEvent {
  readonly event: 'wait';
  /** The pause. */
  readonly seconds: number;
  /** Why, without a stop at its end: `the Hub limits the rate of requests`. */
  readonly reason: string;
  /** The try that comes next, from 2 on, of so many. */
  readonly attempt: number;
  readonly attempts: number;
}

/** Something that stops nothing but should be known. */
export interface WarningEvent {
  readonly event: 'warning';
  /** What is so, and where: a sentence. */
  readonly what: string;
  /** What can be done about it: a sentence. */
  readonly next?: string;
}

/** What may be told while a model is opened. */
export type OpeningEvent = WaitEvent | WarningEvent;

/** Everything about the output, before the first weight is read. */
export interface PlanEvent {
  readonly event: 'plan';
  readonly plan: Plan;
}

/** Which of the tensors to be quantized the importance matrix has weights for. */
export interface CoverageEvent {
  readonly event: 'coverage';
  readonly coverage: Coverage;
}

/** A file stands under its final name. */
export type FileEvent = { readonly event: 'file' } & WrittenFile;

/** What was computed on the way and is to be kept stands in a file. */
export interface KeptEvent {
  readonly event: 'kept';
  readonly what: 'imatrix' | 'sensitivities';
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** What is measured of the models so far, the base first. */
export interface MeasuredEvent {
  readonly event: 'measured';
  readonly models: readonly Checked[];
}

/** The end, with what the call returns. */
export interface DoneEvent<Result> {
  readonly event: 'done';
  readonly result: Result;
}

/** What a conversion reports while it runs; the terminal, `--json` and a web page read the same events. */
export type ConvertEvent =
  | PhaseEvent
  | ProgressEvent
  | WaitEvent
  | WarningEvent
  | PlanEvent
  | CoverageEvent
  | FileEvent
  | KeptEvent
  | MeasuredEvent
  | DoneEvent<ConvertResult>;

export interface ConvertResult {
  readonly files: readonly WrittenFile[];
  /** How far they are from the source, where it was asked for (`check`). */
  readonly check?: CheckResult;
}

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
