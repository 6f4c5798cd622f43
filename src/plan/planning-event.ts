import type { PhaseEvent, ProgressEvent, WarningEvent } from '../events.js';
import type { CoverageEvent } from '../quantize/imatrix/coverage.js';

/** What is reported while a plan is made from an opened model. */
export type PlanningEvent = PhaseEvent | ProgressEvent | WarningEvent | CoverageEvent;
