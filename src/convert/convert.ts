import { availableParallelism } from 'node:os';
import type { ConvertEvent, ConvertResult } from '../events.js';
import { stream } from '../stream.js';
import { execute } from './execute.js';
import { headerOf } from './layout.js';
import { DEFAULT_MAX_MEMORY, makePlan } from './make-plan.js';
import { type Model, openModel } from './open-model.js';
import type { Output } from './outputs.js';
import type { ConvertParams } from './params.js';
import type { Plan } from './plan.js';
import { makeTasks, type Task, taskBytes } from './tasks.js';
import { Workers } from './workers.js';

/**
 * Converts a model, and quantizes it in the same pass where `quant` is given.
 * @example for await (const event of convert({ source: 'org/model', quant: 'q4_k_m' })) console.log(event);
 * @throws Hf2ggufError; a family of it for everything that the caller or the files can get wrong
 */
export function convert(params: ConvertParams): AsyncGenerator<ConvertEvent, ConvertResult> {
  return stream((emit, signal) => run({ ...params, signal }, emit), params.signal);
}

/** The plan of a conversion, from headers and small files alone. @throws as `convert` */
export async function plan(params: ConvertParams, emit: (event: ConvertEvent) => void = () => {}): Promise<Plan> {
  emit({ event: 'phase', phase: 'open' });
  const model = await openModel(params);
  emit({ event: 'phase', phase: 'plan' });
  return (await makePlan(model, params, emit)).plan;
}

async function run(params: ConvertParams, emit: (event: ConvertEvent) => void): Promise<ConvertResult> {
  emit({ event: 'phase', phase: 'open' });
  const model = await openModel(params);
  const workers = new Workers(params.jobs ?? availableParallelism());
  try {
    emit({ event: 'phase', phase: 'plan' });
    const { result, ...work } = await prepare(model, params, emit);
    await execute({ ...work, repo: model.repo, workers, emit, signal: params.signal });
    emit({ event: 'done', result });
    return result;
  } finally {
    await workers.close();
  }
}

interface Prepared {
  readonly outputs: readonly Output[];
  readonly tasks: readonly Task[];
  readonly jobs: number;
  readonly fetchMemory: number;
  readonly result: ConvertResult;
}

/** What is left of the plan for filling; the vocabulary is bytes of the header by now, and its strings can go. */
async function prepare(model: Model, params: ConvertParams, emit: (event: ConvertEvent) => void): Promise<Prepared> {
  const { plan, paths } = await makePlan(model, params, emit);
  emit({ event: 'plan', plan });
  const jobs = params.jobs ?? availableParallelism();
  const memory = params.maxMemory ?? DEFAULT_MAX_MEMORY;
  const tasks = makeTasks(plan.files, taskBytes(memory, jobs));
  return {
    tasks,
    jobs,
    fetchMemory: memory / 2,
    outputs: plan.files.map((file, i) => ({
      path: paths[i] as string,
      header: headerOf(file),
      size: file.size,
    })),
    result: {
      files: plan.files.map(({ size, type, bitsPerWeight }, i) => ({
        path: paths[i] as string,
        size,
        type,
        bitsPerWeight,
      })),
    },
  };
}
