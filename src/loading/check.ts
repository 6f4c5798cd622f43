import { SourceError } from '../errors.js';
import { type DoubtSink, doubt } from '../warnings.js';
import type { Fault } from './faults.js';

/** llama.cpp would not load the file, or could not run it. */
export class UnloadableError extends SourceError {}

/** @throws UnloadableError for the first fault that is certain, with the count of the others. */
export function refuseCertain(faults: readonly Fault[]): void {
  const [first, ...others] = faults.filter(({ certain }) => certain);
  if (first) {
    const more = others.length === 0 ? '' : ` (${others.length} more of its kind, or others)`;
    throw new UnloadableError(`${first.what.replace(/\.$/, more)}.`, first.next);
  }
}

/** @throws UnloadableError; StrictError with `strict`, for what is doubtful alone. */
export function checkFaults(faults: readonly Fault[], to: DoubtSink): void {
  refuseCertain(faults);
  for (const { what, next } of faults) {
    doubt(to, what, next);
  }
}
