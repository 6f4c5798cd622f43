import { availableParallelism } from 'node:os';
import type { ConvertEvent, ConvertResult, WrittenFile } from '../events.js';
import type { Repo } from '../repo/repo.js';
import { execute } from './execute.js';
import { DEFAULT_MAX_MEMORY, type PlanAndPlaces } from './finish-plan.js';
import { headerOf } from './layout.js';
import type { Output } from './outputs.js';
import type { OutputParams } from './params.js';
import type { Plan } from './plan.js';
import { ErrorStats } from './stats.js';
import { makeTasks, type Task, taskBytes } from './tasks.js';
import { Workers } from './workers.js';

/** How a kind of work comes to its plan. */
export interface Planner<Source extends { readonly repo: Repo }> {
  open(): Promise<Source>;
  plan(source: Source): Promise<PlanAndPlaces>;
}

type Emit = (event: ConvertEvent) => void;

/** The plan alone, from headers and small files. */
export async function planOnly<Source extends { readonly repo: Repo }>(
  planner: Planner<Source>,
  emit: Emit,
): Promise<Plan> {
  emit({ event: 'phase', phase: 'open' });
  const source = await planner.open();
  emit({ event: 'phase', phase: 'plan' });
  return (await planner.plan(source)).plan;
}

/** Plans, then fills. */
export async function run<Source extends { readonly repo: Repo }>(
  planner: Planner<Source>,
  params: OutputParams,
  emit: Emit,
): Promise<ConvertResult> {
  emit({ event: 'phase', phase: 'open' });
  const source = await planner.open();
  const jobs = params.jobs ?? availableParallelism();
  const workers = new Workers(jobs);
  try {
    emit({ event: 'phase', phase: 'plan' });
    const memory = params.maxMemory ?? DEFAULT_MAX_MEMORY;
    const { files, stats, ...work } = prepare(await planner.plan(source), taskBytes(memory, jobs), params, emit);
    const onErrors = stats?.add.bind(stats);
    const { signal, strict } = params;
    const limits = { jobs, workers, fetchMemory: memory / 2, signal };
    await execute({ ...work, ...limits, repo: source.repo, strict, onErrors, emit });
    const result = { files: files.map((file, i) => ({ ...file, ...(stats && { tensors: stats.of(i) }) })) };
    for (const file of result.files) {
      emit({ event: 'file', ...file });
    }
    emit({ event: 'done', result });
    return result;
  } finally {
    await workers.close();
  }
}

interface Prepared {
  readonly outputs: readonly Output[];
  readonly tasks: readonly Task[];
  readonly files: readonly WrittenFile[];
  readonly stats: ErrorStats | undefined;
}

/** What is left of the plan for filling; the vocabulary is bytes of the header by now, and its strings can go. */
function prepare({ plan, paths }: PlanAndPlaces, maxBytes: number, { stats }: OutputParams, emit: Emit): Prepared {
  emit({ event: 'plan', plan });
  const pathOf = (i: number) => paths[i] as string;
  return {
    tasks: makeTasks(plan.files, maxBytes),
    outputs: plan.files.map((file, i) => ({ path: pathOf(i), header: headerOf(file), size: file.size })),
    files: plan.files.map(({ size, type, bitsPerWeight, askedBitsPerWeight, fallbackShare, prediction }, i) => ({
      path: pathOf(i),
      ...{ size, type, bitsPerWeight, askedBitsPerWeight, fallbackShare },
      ...(prediction && { prediction }),
    })),
    stats: stats ? new ErrorStats(plan.files) : undefined,
  };
}
