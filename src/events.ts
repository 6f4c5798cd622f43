/** The stages of all calls. */
export type Phase = 'open' | 'collect' | 'sensitivity' | 'plan' | 'measure' | 'fill' | 'flush' | 'check' | 'upload';

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

/** A warning: the work goes on. */
export interface WarningEvent {
  readonly event: 'warning';
  /** What is doubtful, and where (file, tensor, key): a sentence. */
  readonly what: string;
  /** What the user can do about it: a sentence. */
  readonly next?: string;
}

/** The events of opening a model. */
export type OpeningEvent = WaitEvent | WarningEvent;

/** A result of an earlier step was written to the file that an option names for it. */
export interface KeptEvent {
  readonly event: 'kept';
  readonly what: 'imatrix' | 'sensitivities';
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** The call is finished; `result` is what it returns. */
export interface DoneEvent<Result> {
  readonly event: 'done';
  readonly result: Result;
}
