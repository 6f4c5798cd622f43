import { type Jobs, withJobs } from '../async/jobs.js';
import { numbered } from '../async/stages.js';
import { type Call, stream } from '../async/stream.js';
import type { Phase } from '../events.js';
import { planKey } from '../fill/plan-key.js';
import { plannedSources } from '../fill/source-uses.js';
import { ErrorStats } from '../fill/stats.js';
import { type WantedTensor, wantedTensors } from '../fill/wanted.js';
import { executeInThreads } from '../fill/workers.js';
import { writtenShare } from '../fill/written-rows.js';
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

/** Makes the planner of a kind of work for some parameters. @throws UsageError */
type PlannerOf<Params, Source extends { readonly repo: Repo }> = (
  params: Params & Jobs,
  emit: Emit,
  headersOnly?: boolean,
) => Planner<Source>;

/**
 * The call that plans and writes.
 * @param stages to number, where the caller does not.
 */
export function writing<Params extends PlacingParams, Source extends { readonly repo: Repo }>(
  plannerOf: PlannerOf<Params, Source>,
  params: Params,
  stages?: readonly Phase[],
): Call<ConvertEvent, ConvertResult> {
  return stream((emit, signal) => {
    const tell = stages ? numbered(stages, emit) : emit;
    const own = withJobs({ ...params, signal }, { emit });
    return run(plannerOf(own, tell), own, tell);
  }, params.signal);
}

/** The plan of such a call. */
export async function planning<Params extends PlacingParams, Source extends { readonly repo: Repo }>(
  plannerOf: PlannerOf<Params, Source>,
  params: Params,
  emit: Emit,
  { stages, headersOnly = false }: { readonly stages?: readonly Phase[]; readonly headersOnly?: boolean } = {},
): Promise<Plan> {
  const tell = stages ? numbered(stages, emit) : emit;
  const own = withJobs(params, { emit });
  return planOnly(plannerOf(own, tell, headersOnly), own, tell);
}

/** The plan alone, from headers and small files. */
async function planOnly<Source extends { readonly repo: Repo }>(
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
async function run<Source extends { readonly repo: Repo }>(
  planner: Planner<Source>,
  params: PlacingParams & Jobs,
  emit: Emit,
): Promise<ConvertResult> {
  await checkKnownOutput(params, planner.placing);
  const { jobs, maxMemory: memory = DEFAULT_MAX_MEMORY, signal, strict } = params;
  const { written, stats, ...work } = await prepare(planner, params, emit);
  const onErrors = stats?.add.bind(stats);
  let { sources } = work;
  const onContinue = (tensors: readonly WantedTensor[]) => {
    // What an earlier run has read is not compared once more.
    sources = plannedSources(tensors, work.repo);
    emit({ event: 'continue', share: writtenShare(tensors) });
  };
  // Planning took memory of its own. Who hears of the stage can give it back before threads take theirs.
  emit({ event: 'phase', phase: 'fill' });
  const replaced = await executeInThreads({ ...work, jobs, memory, signal, strict, onErrors, onContinue, emit });
  const files = written.map((file, i) => ({
    ...file,
    replaced: replaced[i] ?? false,
    ...(stats && { tensors: stats.of(i) }),
  }));
  for (const file of files) {
    emit({ event: 'file', ...file });
  }
  const result = { files, sources };
  emit({ event: 'done', result });
  return result;
}

interface Prepared {
  readonly repo: Repo;
  readonly sink: PartialFiles;
  readonly tensors: readonly WantedTensor[];
  /** The result's entry for each file; whether it replaced another is known only when it has been written. */
  readonly written: readonly Omit<WrittenFile, 'replaced'>[];
  readonly stats: ErrorStats | undefined;
  readonly sources: Plan['sources'];
}

/**
 * Makes the plan and keeps only what filling needs.
 * The key-values are encoded as the header's bytes, so the memory of the vocabulary's strings can be freed.
 */
async function prepare<Source extends { readonly repo: Repo }>(
  planner: Planner<Source>,
  params: PlacingParams,
  emit: Emit,
): Promise<Prepared> {
  emit({ event: 'phase', phase: 'open' });
  const source = await planner.open();
  emit({ event: 'phase', phase: 'plan' });
  const { repo } = source;
  const unplaced = await planner.plan(source);
  const { plan, outputs, guard } = await placePlan(unplaced, repo, params, planner.placing);
  emit({ event: 'plan', plan });
  const tensors = wantedTensors(plan.files, repo);
  // What each tensor loses cannot be told of those that an earlier run has written.
  const key = params.stats ? undefined : planKey(outputs, tensors, repo);
  return {
    repo,
    sources: plan.sources,
    tensors,
    sink: new PartialFiles(outputs, guard, { emit }, key),
    written: plan.files.map(({ path, size, type, bitsPerWeight, askedBitsPerWeight, fallbackShare, prediction }) => ({
      ...{ path, size, type, bitsPerWeight, askedBitsPerWeight, fallbackShare },
      ...(prediction && { prediction }),
    })),
    stats: params.stats ? new ErrorStats(plan.files) : undefined,
  };
}
