import type { JobState } from '../src/server/api.js';
import { STATE_NAMES } from './job-states.js';

export function StateMark({ state }: { readonly state: JobState }) {
  return <span class={`state ${state}`}>{STATE_NAMES[state]}</span>;
}
