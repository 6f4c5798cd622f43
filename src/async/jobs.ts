import { availableParallelism } from 'node:os';
import { type WarningSink, warn } from '../warnings.js';

/** A call's number of threads, known. */
export interface Jobs {
  readonly jobs: number;
}

/** More threads than this on each core gain nothing. */
const THREADS_PER_CORE = 4;

/** The largest number of threads that a call starts. */
export function mostThreads(): number {
  return THREADS_PER_CORE * availableParallelism();
}

/**
 * Fills in a call's number of threads: one a core where none is given.
 * Lowers a number that is too large for this machine, with a warning.
 */
export function withJobs<Params extends { readonly jobs?: number | undefined }>(
  params: Params,
  to: WarningSink,
): Params & Jobs {
  const { jobs = availableParallelism() } = params;
  const most = mostThreads();
  if (jobs > most) {
    warn(to, `--jobs ${jobs} is more than this machine has a use for: ${most} threads are taken.`);
  }
  return { ...params, jobs: Math.min(jobs, most) };
}
