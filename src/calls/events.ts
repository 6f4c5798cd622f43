import type { DoneEvent, KeptEvent, PhaseEvent, ProgressEvent, WaitEvent, WarningEvent } from '../events.js';
import type { Plan, PlannedSource } from '../layout/plan.js';
import type { WrittenFile } from '../layout/written-file.js';
import type { CoverageEvent } from '../quantize/imatrix/coverage.js';
import type { CheckResult, MeasuredEvent } from '../runner/check-result.js';

/** The plan is made: everything about the output is known, and no weight has been read. */
export interface PlanEvent {
  readonly event: 'plan';
  readonly plan: Plan;
}

/** A killed run of the same plan is gone on with. */
export interface ContinueEvent {
  readonly event: 'continue';
  /** What it had done, from 0 to 1, by bytes of the source. */
  readonly share: number;
}

/** A file is complete and has its final name. */
export type FileEvent = { readonly event: 'file' } & WrittenFile;

/** The events of a conversion. The terminal's display, `--json` and library users read the same ones. */
export type ConvertEvent =
  | PhaseEvent
  | ProgressEvent
  | WaitEvent
  | WarningEvent
  | PlanEvent
  | ContinueEvent
  | CoverageEvent
  | FileEvent
  | KeptEvent
  | MeasuredEvent
  | DoneEvent<ConvertResult>;

export interface ConvertResult {
  readonly files: readonly WrittenFile[];
  /** What was read, and by which hash each file was compared with what its host says of it. */
  readonly sources: readonly PlannedSource[];
  /** How far the files are from the source; present with the option `check`. */
  readonly check?: CheckResult;
}
