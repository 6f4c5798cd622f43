import { GateError } from './errors.js';
import type { WarningEvent } from './events.js';

/** Something that would be a warning, refused by `strict`. */
export class StrictError extends GateError {}

/** Takes warnings. */
export interface WarningSink {
  emit(event: WarningEvent): void;
}

/** Takes warnings, or with `strict` refuses what is doubtful. */
export interface DoubtSink extends WarningSink {
  readonly strict?: boolean | undefined;
}

/**
 * Tells of something that should be known, and that `strict` lets pass too.
 * @param what what is so, and where: a sentence.
 * @param next what can be done about it: a sentence.
 */
export function warn({ emit }: WarningSink, what: string, next?: string): void {
  emit({ event: 'warning', what, ...(next !== undefined && { next }) });
}

/**
 * Tells of something that makes the output doubtful.
 * @throws StrictError with `strict`
 */
export function doubt(to: DoubtSink, what: string, next: string): void {
  if (to.strict) {
    throw new StrictError(what, `${next} Without --strict that is a warning.`);
  }
  warn(to, what, next);
}
