import type { Jobs } from '../async/jobs.js';
import { execute } from '../fill/execute.js';
import { ErrorStats } from '../fill/stats.js';
import { makeTasks, type Task, taskBytes } from '../fill/tasks.js';
import { Workers } from '../fill/workers.js';
import type { Plan, UnplacedPlan } from '../layout/plan.js';
import type { WrittenFile } from '../layout/written-file.js';
import { PartialFiles } from '../output/partial-files.js';
import { DEFAULT_MAX_MEMORY } from '../plan/finish-plan.js';
import type { Repo } from '../repo/repo.js';
import type { ConvertEvent, ConvertResult } from './events.js';
import { checkKnownOutput, type Placing, type PlacingParams, placePlan } from './places.js';

/** What differs between the calls that write files: how each opens its source and makes its plan. */
export interface Planner<Source extends { readonly repo: Repo }> {
  open(): Promise<Source>;
  plan(source: Source): UnplacedPlan | Promise<UnplacedPlan>;
  readonly placing?: Placing;
}

type Emit = (event: ConvertEvent) => void;

/** The plan alone, from headers and small files. */
export async function planOnly<Source extends { readonly repo: Repo }>(
  planner: Planner<Source>,
  params: PlacingParams,
  emit: Emit,
): Promise<Plan> {
  await checkKnownOutput(params, planner.placing);
  emit({ event: 'phase', phase: 'open' });
  const source = await planner.open();
  emit({ event: 'phase', phase: 'plan' });
  return (await placePlan(await planner.plan(source), source.repo, params, planner.placing)).plan;
}

/** Makes the plan, writes its files, and reports both. `convert`, `quantize`, `split` and `merge` call it. */
export async function run<Source extends { readonly repo: Repo }>(
  planner: Planner<Source>,
  params: PlacingParams & Jobs,
  emit: Emit,
): Promise<ConvertResult> {
  await checkKnownOutput(params, planner.placing);
  emit({ event: 'phase', phase: 'open' });
  const source = await planner.open();
  const { jobs } = params;
  const workers = new Workers(jobs);
  try {
    emit({ event: 'phase', phase: 'plan' });
    const memory = params.maxMemory ?? DEFAULT_MAX_MEMORY;
    const { written, stats, ...work } = await prepare(planner, source, params, taskBytes(memory, jobs), emit);
    const onErrors = stats?.add.bind(stats);
    const { signal, strict } = params;
    const limits = { jobs, workers, fetchMemory: memory / 2, signal };
    const replaced = await execute({ ...work, ...limits, repo: source.repo, strict, onErrors, emit });
    const files = written.map((file, i) => ({
      ...file,
      replaced: replaced[i] ?? false,
      ...(stats && { tensors: stats.of(i) }),
    }));
    for (const file of files) {
      emit({ event: 'file', ...file });
    }
    const result = { files };
    emit({ event: 'done', result });
    return result;
  } finally {
    await workers.close();
  }
}

interface Prepared {
  readonly files: PartialFiles;
  readonly tasks: readonly Task[];
  /** The result's entry for each file; whether it replaced another is known only when it has been written. */
  readonly written: readonly Omit<WrittenFile, 'replaced'>[];
  readonly stats: ErrorStats | undefined;
}

/**
 * Makes the plan and keeps only what filling needs.
 * The key-values are encoded as the header's bytes, so the memory of the vocabulary's strings can be freed.
 */
async function prepare<Source extends { readonly repo: Repo }>(
  planner: Planner<Source>,
  source: Source,
  params: PlacingParams,
  maxBytes: number,
  emit: Emit,
): Promise<Prepared> {
  const unplaced = await planner.plan(source);
  const { plan, outputs, guard } = await placePlan(unplaced, source.repo, params, planner.placing);
  emit({ event: 'plan', plan });
  return {
    tasks: makeTasks(plan.files, maxBytes),
    files: new PartialFiles(outputs, guard),
    written: plan.files.map(({ path, size, type, bitsPerWeight, askedBitsPerWeight, fallbackShare, prediction }) => ({
      ...{ path, size, type, bitsPerWeight, askedBitsPerWeight, fallbackShare },
      ...(prediction && { prediction }),
    })),
    stats: params.stats ? new ErrorStats(plan.files) : undefined,
  };
}
