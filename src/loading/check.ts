import { SourceError } from '../errors.js';
import { type DoubtSink, doubt } from '../warnings.js';
import type { Fault } from './fault.js';

/** llama.cpp could not load the file, or could not run it. */
export class UnloadableError extends SourceError {}

/** @throws UnloadableError for the first fault that is certain. */
export function refuseCertain(faults: readonly Fault[]): void {
  const first = faults.find(({ certain }) => certain);
  if (first) {
    throw new UnloadableError(first.what, first.next);
  }
}

/** Throws for a certain fault, and warns of doubtful ones. @throws UnloadableError, StrictError with `strict` */
export function checkFaults(faults: readonly Fault[], to: DoubtSink): void {
  refuseCertain(faults);
  tellFaults(faults, to);
}

/** Warns of every fault. @throws StrictError with `strict` */
export function tellFaults(faults: readonly Fault[], to: DoubtSink): void {
  for (const { what, next } of faults) {
    doubt(to, what, next);
  }
}
