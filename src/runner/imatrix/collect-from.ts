import { withJobs } from '../../async/jobs.js';
import type { OpeningEvent, PhaseEvent, ProgressEvent } from '../../events.js';
import type { WeightTensor } from '../../graphs/weight-tensor.js';
import { checkNumbers } from '../../options/numbers.js';
import type { SummedEntry } from '../../quantize/imatrix/imatrix.js';
import { openVocabulary } from '../../tokenize/open.js';
import { warn } from '../../warnings.js';
import { openEngine } from '../engine.js';
import { shortContext } from '../measure.js';
import { OpenedModels, openOutline, openRunnable, type RunnableOptions } from '../model.js';
import { readText } from '../texts.js';
import { type ChunkOptions, chunkTokens, collectSums } from './collect.js';

/** A model, a text, and how the model runs over the text. */
export interface CollectParams extends Omit<RunnableOptions, 'emit'>, Partial<ChunkOptions> {
  /** A GGUF file, or a model in the format of transformers: a folder, or `org/model[@revision]`. */
  readonly source: string;
  /** A file of text in UTF-8. @default the bundled one */
  readonly text?: string | undefined;
  /** Whether to collect the input of output.weight, too. @default false */
  readonly processOutput?: boolean | undefined;
  /** Threads. @default the machine's cores */
  readonly jobs?: number | undefined;
}

/** The tokens of a chunk, as in llama-imatrix. */
export const DEFAULT_CONTEXT = 512;

/** The statistics that a run collected. */
export interface Collected {
  readonly entries: ReadonlyMap<string, SummedEntry>;
  /** The name of the text. */
  readonly dataset: string;
  readonly tensors: readonly WeightTensor[];
}

export type Emit = (event: OpeningEvent | PhaseEvent | ProgressEvent) => void;

/**
 * Runs a model over a text and collects statistics of the inputs of its matrix products.
 * @throws the errors of `openRunnable`, `openVocabulary`, `openEngine`, `chunkTokens`, `collectSums` and `readText`
 */
export async function collectFrom(params: CollectParams, emit: Emit): Promise<Collected> {
  checkNumbers(params);
  const { source, ctx = DEFAULT_CONTEXT, jobs } = withJobs(params, { emit });
  const { text, dataset } = await readCalibration(params.text);
  emit({ event: 'phase', phase: 'open' });
  const options: RunnableOptions = { opened: new OpenedModels(), ...params, emit };
  // A text that is too short is refused before the weights are fetched.
  const { graph, kv } = await openOutline(source, options);
  const chunks = chunkTokens(openVocabulary(kv), text, { ...params, ctx });
  const message = shortContext(source, graph, ctx);
  if (message !== null) {
    warn({ emit }, message);
  }
  const { tensors } = await openRunnable(source, options);
  emit({ event: 'phase', phase: 'collect' });
  const engine = openEngine(graph, tensors, { contextLength: ctx, ...(jobs !== undefined && { threads: jobs }) });
  try {
    const entries = await collectSums(engine, chunks, {
      ...params,
      onChunk: (done, total) => emit({ event: 'progress', unit: 'chunks', done, total }),
    });
    return { entries, dataset, tensors };
  } finally {
    engine.close();
  }
}

/** Reads the text. `dataset` is its name in the matrix. @throws UnreadableTextError */
export async function readCalibration(file: string | undefined): Promise<{ text: string; dataset: string }> {
  return { text: await readText(file ?? null, 'calibration'), dataset: file ?? 'calibration.txt' };
}
