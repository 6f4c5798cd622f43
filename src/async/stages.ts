import type { Phase, PhaseEvent } from '../events.js';

/**
 * Numbers a call's stages as they begin. A stage that began before is not reported again: several steps open the same
 * model.
 * @param stages all that the call may have, in order. Some of them may be left out.
 */
export function numbered<Event extends { readonly event: string }>(
  stages: readonly Phase[],
  emit: (event: Event | PhaseEvent) => void,
): (event: Event | PhaseEvent) => void {
  let reached = 0;
  return (event) => {
    if (!isPhase(event)) {
      emit(event);
      return;
    }
    const step = stages.indexOf(event.phase) + 1;
    if (step > reached) {
      reached = step;
      emit({ ...event, step, steps: stages.length });
    }
  };
}

function isPhase(event: { readonly event: string }): event is PhaseEvent {
  return event.event === 'phase';
}

/** The stages of a plan alone, and of a call that writes files. */
export const PLAN_STAGES = ['open', 'plan'] as const satisfies readonly Phase[];
export const WRITE_STAGES = [...PLAN_STAGES, 'fill', 'flush'] as const satisfies readonly Phase[];
