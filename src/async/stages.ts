import type { Phase, PhaseEvent } from '../events.js';

/**
 * Numbers a call's stages as they begin. One that was begun before is not told of again: a model is opened for each of
 * several steps.
 * @param stages in their order, those that may turn out needless too.
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

/** Of a plan, and of what writes files by it. */
export const PLAN_STAGES = ['open', 'plan'] as const satisfies readonly Phase[];
export const WRITE_STAGES = [...PLAN_STAGES, 'fill', 'flush'] as const satisfies readonly Phase[];
