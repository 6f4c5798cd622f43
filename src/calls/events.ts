import type { DoneEvent, KeptEvent, PhaseEvent, ProgressEvent, WaitEvent, WarningEvent } from '../events.js';
import type { Plan } from '../layout/plan.js';
import type { WrittenFile } from '../layout/written-file.js';
import type { CoverageEvent } from '../quantize/imatrix/coverage.js';
import type { CheckResult, MeasuredEvent } from '../runner/check-result.js';

/** Everything about the output, before the first weight is read. */
export interface PlanEvent {
  readonly event: 'plan';
  readonly plan: Plan;
}

/** A file stands under its final name. */
export type FileEvent = { readonly event: 'file' } & WrittenFile;

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
