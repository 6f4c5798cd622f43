import { GateError } from './errors.js';
import type { WarningEvent } from './events.js';
import { withoutSecrets } from './secrets.js';

/** With `strict`, the error in place of a warning. */
export class StrictError extends GateError {}

/** Receives warnings. */
export interface WarningSink {
  emit(event: WarningEvent): void;
}

/** Receives warnings about a doubtful output; `strict` turns them into errors. */
export interface DoubtSink extends WarningSink {
  readonly strict?: boolean | undefined;
}

/**
 * Reports a warning that `strict` does not turn into an error.
 * @param what what is doubtful, and where: a sentence.
 * @param next what can be done about it: a sentence.
 */
export function warn({ emit }: WarningSink, what: string, next?: string): void {
  emit({ event: 'warning', what: withoutSecrets(what), ...(next !== undefined && { next: withoutSecrets(next) }) });
}

/**
 * Reports something that makes the output doubtful.
 * @throws StrictError with `strict`
 */
export function doubt(to: DoubtSink, what: string, next: string): void {
  if (to.strict) {
    throw new StrictError(what, `${next} Without --strict that is a warning.`);
  }
  warn(to, what, next);
}
