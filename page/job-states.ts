import type { Job, JobState } from '../src/server/api.js';

/** What a state is called. */
export const STATE_NAMES: Readonly<Record<JobState, string>> = {
  queued: 'Waiting',
  running: 'Converting',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

/** Whether more will happen to a job. */
export function isOpen({ state }: Pick<Job, 'state'>): boolean {
  return state === 'queued' || state === 'running';
}
