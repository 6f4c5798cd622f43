import { availableParallelism } from 'node:os';
import type { ConvertEvent } from '../events.js';
import { execute } from '../fill/execute.js';
import { leastMemory } from '../fill/least-memory.js';
import { wantedTensors } from '../fill/wanted.js';
import type { MeasuredErrors } from '../fill/worker.js';
import { Workers } from '../fill/workers.js';
import { KeyValues } from '../gguf/key-values.js';
import type { GgmlType } from '../gguf/types.js';
import { placeTensors, type UnplacedTensor } from '../layout/layout.js';
import { type PlannedFile, writeWeights } from '../layout/plan.js';
import { PartialFiles } from '../output/partial-files.js';
import { newErrorSums } from '../quantize/native.js';
import { type Loss, lossOf } from '../quantize/target/loss.js';
import type { Repo } from '../repo/repo.js';
import { DEFAULT_MAX_MEMORY } from './finish-plan.js';
import type { OutputParams } from './params.js';

/** What measuring takes besides the tensors. */
export interface MeasureContext {
  readonly repo: Repo;
  readonly params: Pick<OutputParams, 'jobs' | 'maxMemory' | 'signal'>;
  emit(event: ConvertEvent): void;
}

/** Of each type, what each tensor loses as it. */
export type Losses = ReadonlyMap<GgmlType, ReadonlyMap<string, Loss>>;

/**
 * Quantizes tensors to several types at one read, and writes nothing.
 * @param versions of each type, the tensors that it is wanted for.
 * @throws MemoryLimitError, and as `execute`
 */
export async function measureLosses(
  versions: ReadonlyMap<GgmlType, readonly UnplacedTensor[]>,
  { repo, params, emit }: MeasureContext,
): Promise<Losses> {
  // One file a type, as for --quant with several, none of which is ever opened.
  const files = [...versions].map(([type, tensors]) => placeTensors({ name: type, type, kv: NO_KEYS, tensors }));
  const sums = files.map(({ tensors }) => new Map(tensors.map(({ name }) => [name, newErrorSums()])));
  // All are added up, the largest difference too, which nobody asks for here.
  const onErrors = ({ file, tensor, sums: part }: MeasuredErrors) => {
    const all = sums[file]?.get(tensor);
    all?.set(all.map((sum, i) => sum + (part[i] ?? 0)));
  };
  const { jobs = availableParallelism(), maxMemory: memory = DEFAULT_MAX_MEMORY, signal } = params;
  const tensors = wantedTensors(files, repo);
  leastMemory(tensors, memory);
  const workers = new Workers(jobs);
  emit({ event: 'phase', phase: 'measure' });
  try {
    await execute({
      ...{ repo, sink: new PartialFiles([]), tensors, jobs, memory, workers, signal, onErrors },
      emit: (event) => event.event === 'progress' && emit(event),
    });
  } finally {
    await workers.close();
  }
  const lossesOf = ({ tensors }: PlannedFile, file: number) =>
    new Map(
      tensors.map(({ name, write }) => [name, lossOf(writeWeights(write), sums[file]?.get(name) ?? newErrorSums())]),
    );
  return new Map([...versions.keys()].map((type, i) => [type, lossesOf(files[i] as PlannedFile, i)]));
}

const NO_KEYS = new KeyValues();
