import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { GateError, UsageError } from '../errors.js';
import type { ConvertEvent } from '../events.js';
import { blockSize, type GgmlType } from '../gguf/types.js';
import type { Repo } from '../repo/repo.js';
import { warn } from '../warnings.js';
import { outputPaths } from './output-paths.js';
import type { OutputParams } from './params.js';
import type { Plan, PlannedFile } from './plan.js';
import { makeTasks, taskBytes, workerMemory } from './tasks.js';

export class FallbackError extends GateError {}
export class OverwriteError extends UsageError {}

export interface PlanAndPlaces {
  readonly plan: Plan;
  /** Where the plan's files go, in their order. */
  readonly paths: readonly string[];
}

/** Buffers that a conversion may take unless told otherwise: bytes. */
export const DEFAULT_MAX_MEMORY = 192 * 2 ** 20;

/** Above this share of parameters in another type than asked for, the user is warned. */
const WARN_FALLBACK_SHARE = 0.05;

export interface PlanSources {
  readonly repo: Repo;
  readonly architecture: string;
  readonly files: readonly PlannedFile[];
  readonly params: OutputParams;
  emit(event: ConvertEvent): void;
}

/**
 * Sums up planned files, says where they go, and what about them is not as asked for.
 * @throws FallbackError with `strict`; OverwriteError, OutputNameError
 */
export async function finishPlan({ repo, architecture, files, params, emit }: PlanSources): Promise<PlanAndPlaces> {
  reportFallbacks(files, params, emit);
  const paths = await outputPaths(params.output, files);
  const jobs = params.jobs ?? availableParallelism();
  const tasks = makeTasks(files, taskBytes(params.maxMemory ?? DEFAULT_MAX_MEMORY, jobs));
  refuseOverwriting(repo, new Set(tasks.flatMap(({ reads }) => reads.map(({ file }) => file))), paths);
  const plan = {
    source: { id: repo.id, revision: repo.revision, architecture },
    files: files.map((file, i) => ({ ...file, path: paths[i] as string })),
    sourceBytes: tasks.reduce((sum, task) => sum + task.bufferSize, 0),
    memory: workerMemory(tasks) * jobs,
    disk: files.reduce((sum, file) => sum + file.size, 0),
  };
  return { plan, paths };
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

function refuseOverwriting(repo: Repo, sources: ReadonlySet<string>, paths: readonly string[]): void {
  const inputs = new Set([...sources].flatMap((file) => repo.local(file) ?? []).map((path) => resolve(path)));
  const both = paths.find((path) => inputs.has(resolve(path)));
  if (both !== undefined) {
    throw new OverwriteError(`${both} is both source and output.`, 'Name another output with --out.');
  }
}
