import { writeWhole } from '../../convert/write-whole.js';
import { UsageError } from '../../errors.js';
import type { ConvertEvent, DoneEvent } from '../../events.js';
import { byteSource, locateFile } from '../../locate-gguf.js';
import { type Coverage, coverage } from '../../quantize/imatrix/coverage.js';
import { readImatrixSums } from '../../quantize/imatrix/read.js';
import { whyKept } from '../../quantize/recipe/kept.js';
import { type Call, stream } from '../../stream.js';
import type { WeightTensor } from '../graph.js';
import { checkContext } from '../measure.js';
import { Accumulated } from './accumulate.js';
import { type CollectParams, collectFrom, DEFAULT_CONTEXT } from './collect-from.js';
import { encodeGgufImatrix, encodeLegacyImatrix } from './encode.js';

/** What `imatrix` takes; the command line's options under the same names. */
export interface ImatrixParams extends Omit<CollectParams, 'source'> {
  /** A GGUF file, or a model in the format of transformers. @default none: those of `in` are only merged */
  readonly source?: string;
  /** Importance matrices to add: paths, or `org/model:file`. */
  readonly in?: readonly string[];
  /** The file to write. */
  readonly output: string;
  /** Write the format before GGUF. @default false */
  readonly legacy?: boolean;
}

export type ImatrixEvent =
  | Extract<ConvertEvent, { event: 'phase' | 'warning' | 'progress' | 'coverage' }>
  | DoneEvent<ImatrixResult>;

export interface ImatrixResult {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly entries: number;
  readonly chunks: number;
  readonly datasets: readonly string[];
  /** How it fits the model; null without one. */
  readonly coverage: Coverage | null;
}

type Emit = (event: ImatrixEvent) => void;

/**
 * Computes an importance matrix, or merges several: what llama-imatrix does.
 * @throws UsageError, UnsupportedError, SourceError, HubError, ResourceError, InterruptedError
 */
export function imatrix(params: ImatrixParams): Call<ImatrixEvent, ImatrixResult> {
  return stream((emit, signal) => run({ ...params, signal }, emit), params.signal);
}

async function run(params: ImatrixParams, emit: Emit): Promise<ImatrixResult> {
  const { source: model, in: files = [], ctx = DEFAULT_CONTEXT } = params;
  if (model === undefined && files.length === 0) {
    throw new UsageError('There is nothing to make an importance matrix of.', 'Name a model, or files with --in.');
  }
  if (model === undefined && params.text !== undefined) {
    throw new UsageError('There is a text, but no model to run over it.', 'Name one, or leave out --text.');
  }
  checkContext(ctx);
  const all = new Accumulated(ctx);
  for (const file of files) {
    const { repo, path } = await locateFile(file, params);
    all.addFile(await readImatrixSums(await byteSource(repo, path), params.signal), file);
  }
  const tensors = model === undefined ? null : await addModel(all, model, params, emit);
  const result = all.result();
  const covers = tensors && coverageOf(result, tensors);
  if (covers) {
    emit({ event: 'coverage', coverage: covers });
  }
  const encode = params.legacy ? encodeLegacyImatrix : encodeGgufImatrix;
  const file = { path: params.output, size: await writeWhole(params.output, encode(result)) };
  const { datasets, chunks, entries } = result;
  const done = { ...file, entries: entries.size, chunks, datasets, coverage: covers };
  emit({ event: 'done', result: done });
  return done;
}

async function addModel(all: Accumulated, model: string, params: ImatrixParams, emit: Emit) {
  const { entries, dataset, tensors } = await collectFrom({ ...params, source: model }, emit);
  for (const [name, entry] of entries) {
    all.add(name, entry, model);
  }
  all.datasets.push(dataset);
  return tensors;
}

function coverageOf(sums: ReturnType<Accumulated['result']>, tensors: readonly WeightTensor[]): Coverage {
  const entries = new Map([...sums.entries].map(([name, { sums, counts }]) => [name, { values: sums, counts }]));
  const covered = tensors.map(({ name, type, ne }) => ({ name, ne, quantized: !whyKept({ name, type, ne }) }));
  return coverage({ file: '', ...sums, entries }, covered);
}
