import type { Jobs } from '../async/jobs.js';
import type { PhaseEvent, ProgressEvent } from '../events.js';
import { leastMemory } from '../fill/least-memory.js';
import { wantedTensors } from '../fill/wanted.js';
import type { MeasuredErrors } from '../fill/worker.js';
import { executeInThreads } from '../fill/workers.js';
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

/** What measuring needs besides the tensors. */
export interface MeasureContext {
  readonly repo: Repo;
  readonly params: Jobs & Pick<OutputParams, 'maxMemory' | 'signal'>;
  emit(event: PhaseEvent | ProgressEvent): void;
}

/** For each type, each tensor's loss when it is quantized to that type. */
export type Losses = ReadonlyMap<GgmlType, ReadonlyMap<string, Loss>>;

/**
 * Reads tensors once, quantizes each to several types, and returns the losses. Writes no file.
 * @param versions for each type, the tensors to quantize to it.
 * @throws MemoryLimitError, and as `execute`
 */
export async function measureLosses(
  versions: ReadonlyMap<GgmlType, readonly UnplacedTensor[]>,
  { repo, params, emit }: MeasureContext,
): Promise<Losses> {
  // The executor works by files: one a type, as with several --quant. None of them is opened.
  const files = [...versions].map(([type, tensors]) => placeTensors({ name: type, type, kv: NO_KEYS, tensors }));
  const sums = files.map(({ tensors }) => new Map(tensors.map(({ name }) => [name, newErrorSums()])));
  // All entries are added, the largest difference too: no caller reads that one here.
  const onErrors = ({ file, tensor, sums: part }: MeasuredErrors) => {
    const all = sums[file]?.get(tensor);
    all?.set(all.map((sum, i) => sum + (part[i] ?? 0)));
  };
  const { jobs, maxMemory: memory = DEFAULT_MAX_MEMORY, signal } = params;
  const tensors = wantedTensors(files, repo);
  leastMemory(tensors, memory);
  emit({ event: 'phase', phase: 'measure' });
  await executeInThreads({
    ...{ repo, sink: new PartialFiles([]), tensors, jobs, memory, signal, onErrors },
    emit: (event) => event.event === 'progress' && emit(event),
  });
  const lossesOf = ({ tensors }: PlannedFile, file: number) =>
    new Map(
      tensors.map(({ name, write }) => [name, lossOf(writeWeights(write), sums[file]?.get(name) ?? newErrorSums())]),
    );
  return new Map([...versions.keys()].map((type, i) => [type, lossesOf(files[i] as PlannedFile, i)]));
}

const NO_KEYS = new KeyValues();
