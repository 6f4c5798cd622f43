import { availableParallelism } from 'node:os';
import type { ConvertEvent } from '../events.js';
import { KeyValues } from '../gguf/key-values.js';
import type { GgmlType } from '../gguf/types.js';
import { newErrorSums } from '../quantize/native.js';
import type { Repo } from '../repo/repo.js';
import { execute } from './execute.js';
import { DEFAULT_MAX_MEMORY } from './finish-plan.js';
import { placeTensors, type UnplacedTensor } from './layout.js';
import type { OutputParams } from './params.js';
import { makeTasks, taskBytes } from './tasks.js';
import { Workers } from './workers.js';

/** What measuring takes besides the tensors. */
export interface MeasureContext {
  readonly repo: Repo;
  readonly params: Pick<OutputParams, 'jobs' | 'maxMemory' | 'signal'>;
  emit(event: ConvertEvent): void;
}

/** What a tensor loses as a type. */
export interface Loss {
  /** The sum of the squared differences, each times its column's weight. */
  readonly weighted: number;
  /** The same over the weighted squares of the values themselves; columns' weights and squares are taken as independent. */
  readonly relative: number;
}

/**
 * Quantizes tensors to several types at one read, and writes nothing.
 * @param versions of each type, the tensors that it is wanted for.
 * @returns by type, then by tensor.
 * @throws as `execute`
 */
export async function measureLosses(
  versions: ReadonlyMap<GgmlType, readonly UnplacedTensor[]>,
  { repo, params, emit }: MeasureContext,
): Promise<Map<GgmlType, Map<string, Loss>>> {
  // One file a type, as for --quant with several, none of which is ever opened.
  const files = [...versions].map(([type, tensors]) =>
    placeTensors({ name: type, type, kv: new KeyValues(), tensors }),
  );
  const sums = files.map(({ tensors }) => new Map(tensors.map(({ name }) => [name, newErrorSums()])));
  const { jobs = availableParallelism(), maxMemory: memory = DEFAULT_MAX_MEMORY, signal } = params;
  const workers = new Workers(jobs);
  emit({ event: 'phase', phase: 'measure' });
  try {
    await execute({
      ...{ repo, outputs: [], tasks: makeTasks(files, taskBytes(memory, jobs)), jobs, workers, signal },
      fetchMemory: memory / 2,
      onErrors: ({ file, tensor, sums: part }) => part.forEach((value, i) => add(sums[file]?.get(tensor), i, value)),
      emit: (event) => event.event === 'progress' && emit(event),
    });
  } finally {
    await workers.close();
  }
  return new Map(
    [...versions].map(([type, tensors], file) => [
      type,
      new Map(
        tensors.map((tensor) => [tensor.name, lossOf(tensor.weights, sums[file]?.get(tensor.name) ?? newErrorSums())]),
      ),
    ]),
  );
}

function add(sums: Float64Array | undefined, i: number, value: number): void {
  if (sums) {
    sums[i] = (sums[i] ?? 0) + value;
  }
}

/** @param weights of the columns, or none where all count alike. */
export function lossOf(weights: Float32Array | undefined, [, weighted = 0, source = 0]: Float64Array): Loss {
  const mean = weights ? weights.reduce((sum, weight) => sum + weight, 0) / weights.length : 1;
  return { weighted, relative: weighted > 0 ? weighted / (mean * source) : 0 };
}
