import type { Jobs } from '../async/jobs.js';
import { GateError } from '../errors.js';
import { makeTasks, taskBytes, workerMemory } from '../fill/tasks.js';
import { blockSize, type GgmlType } from '../gguf/types.js';
import type { PlannedFile, UnplacedPlan } from '../layout/plan.js';
import type { Repo } from '../repo/repo.js';
import { type WarningSink, warn } from '../warnings.js';
import type { OutputParams } from './params.js';

export class FallbackError extends GateError {}

/** The default of `maxMemory`, the bytes of a conversion's buffers. */
export const DEFAULT_MAX_MEMORY = 192 * 2 ** 20;

/** A larger share of parameters in another type than the requested one causes a warning. */
const WARN_FALLBACK_SHARE = 0.05;

export interface PlanSources {
  readonly repo: Repo;
  readonly architecture: string;
  readonly files: readonly PlannedFile[];
  readonly params: OutputParams & Jobs;
  emit: WarningSink['emit'];
}

/**
 * Adds up the planned files, and warns of fallbacks to other types and of memory beyond `maxMemory`.
 * @throws FallbackError with `strict`
 */
export function finishPlan({ repo, architecture, files, params, emit }: PlanSources): UnplacedPlan {
  reportFallbacks(files, params, emit);
  const { jobs } = params;
  const tasks = makeTasks(files, taskBytes(params.maxMemory ?? DEFAULT_MAX_MEMORY, jobs));
  const memory = workerMemory(tasks) * jobs;
  warnOfMemory(memory, params, emit);
  return {
    source: { id: repo.id, revision: repo.revision, architecture },
    files,
    sourceBytes: tasks.reduce((sum, task) => sum + task.bufferSize, 0),
    memory,
    disk: files.reduce((sum, file) => sum + file.size, 0),
  };
}

/** Warns where even the smallest pieces of the work need more than `maxMemory`. */
function warnOfMemory(memory: number, { maxMemory }: OutputParams, emit: PlanSources['emit']): void {
  if (maxMemory !== undefined && memory > maxMemory) {
    warn(
      { emit },
      `--max-memory ${maxMemory} is too little: ${memory} bytes are taken, the least that works here.`,
      'Fewer --jobs take less.',
    );
  }
}

function reportFallbacks(files: readonly PlannedFile[], params: OutputParams, emit: PlanSources['emit']): void {
  const fallbacks = files.flatMap(({ type, tensors, fallbackShare }) => {
    const first = tensors.find((tensor) => tensor.instead);
    return first && (params.strict || fallbackShare > WARN_FALLBACK_SHARE) ? [{ type, first, fallbackShare }] : [];
  });
  for (const [i, { type, first, fallbackShare }] of fallbacks.entries()) {
    const what =
      `${(fallbackShare * 100).toFixed(1)} % of the parameters don't get the type that ${type} asks for: ` +
      `${first.name} becomes ${first.type} instead of ${first.instead}.`;
    const fitting = fittingTypes(first.ne[0] ?? 1).join(', ') || 'F16, BF16';
    const why = `Its ${first.why}; types that fit its rows: ${fitting}.`;
    if (params.strict) {
      throw new FallbackError(what, `${why} Choose one of them, or leave out --strict.`);
    }
    // The explanation is the same for all, and stands below the last.
    warn({ emit }, what, i === fallbacks.length - 1 ? why : undefined);
  }
}

/** File types whose tensors all have small blocks, from the largest to the smallest. */
const SMALL_BLOCKS: readonly GgmlType[] = ['Q8_0', 'Q5_1', 'Q5_0', 'Q4_1', 'Q4_0', 'IQ4_NL'];

function fittingTypes(columns: number): readonly GgmlType[] {
  return SMALL_BLOCKS.filter((type) => columns % blockSize(type) === 0);
}
