import { numbered } from '../../async/stages.js';
import { type Call, stream } from '../../async/stream.js';
import { UsageError } from '../../errors.js';
import type { DoneEvent, OpeningEvent, PhaseEvent, ProgressEvent } from '../../events.js';
import { byteSource, locateFile } from '../../gguf-files/locate.js';
import type { WeightTensor } from '../../graphs/weight-tensor.js';
import { optionName, refuseEmpty } from '../../options/empty.js';
import { checkNumbers } from '../../options/numbers.js';
import { type ForceOption, guardOf } from '../../output/guard.js';
import { PartialFiles } from '../../output/partial-files.js';
import { type Coverage, type CoverageEvent, coverage } from '../../quantize/imatrix/coverage.js';
import { readImatrixSums } from '../../quantize/imatrix/read.js';
import { whyKept } from '../../quantize/recipe/kept.js';
import { Accumulated } from './accumulate.js';
import { type CollectParams, collectFrom, DEFAULT_CONTEXT } from './collect-from.js';
import { encodeGgufImatrix, encodeLegacyImatrix, type Pieces } from './encode.js';
import { IMATRIX_FILE } from './kind.js';

/** The parameters of `imatrix`. Options of the command line have the same names. */
export interface ImatrixParams extends Omit<CollectParams, 'source'>, ForceOption {
  /** A GGUF file, or a model in the format of transformers. @default none: the matrices of `in` are merged */
  readonly source?: string;
  /** Importance matrices to add: paths, or `org/model:file`. */
  readonly in?: readonly string[];
  /** The file to write. */
  readonly output: string;
  /** Whether to write the format before GGUF. @default false */
  readonly legacy?: boolean;
}

export type ImatrixEvent = PhaseEvent | ProgressEvent | OpeningEvent | CoverageEvent | DoneEvent<ImatrixResult>;

/** The written file. */
export interface ImatrixResult {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Whether the file replaced another. */
  readonly replaced: boolean;
  readonly entries: number;
  readonly chunks: number;
  readonly datasets: readonly string[];
  /** How the matrix fits the model; null without a model. */
  readonly coverage: Coverage | null;
}

type Emit = (event: ImatrixEvent) => void;

/**
 * Computes an importance matrix, or merges several, as llama-imatrix does.
 * @throws UsageError, UnsupportedError, SourceError, HubError, ResourceError, InterruptedError
 */
export function imatrix(params: ImatrixParams): Call<ImatrixEvent, ImatrixResult> {
  return stream((emit, signal) => run({ ...params, signal }, numbered(['open', 'collect'], emit)), params.signal);
}

async function run(params: ImatrixParams, emit: Emit): Promise<ImatrixResult> {
  checkParams(params);
  const output = { path: params.output, replaceable: IMATRIX_FILE, header: new Uint8Array(), size: 0 };
  const file = new PartialFiles([output], await guardOf(params), { emit });
  try {
    // The file is opened before the model runs, to find out whether it can be written.
    await file.open();
    const done = await compute(params, file, emit);
    emit({ event: 'done', result: done });
    return done;
  } catch (error) {
    await file.discard();
    throw error;
  }
}

async function compute(params: ImatrixParams, output: PartialFiles, emit: Emit): Promise<ImatrixResult> {
  const { source: model, in: files = [], ctx = DEFAULT_CONTEXT } = params;
  const all = new Accumulated(ctx);
  for (const file of files) {
    const { repo, path } = await locateFile(file, { ...params, emit });
    all.addFile(await readImatrixSums(await byteSource(repo, path), params.signal), file);
  }
  const tensors = model === undefined ? null : await addModel(all, model, params, emit);
  const result = all.result();
  const covers = tensors && coverageOf(result, tensors);
  if (covers) {
    emit({ event: 'coverage', coverage: covers });
  }
  const size = await write((params.legacy ? encodeLegacyImatrix : encodeGgufImatrix)(result), output);
  const [replaced = false] = await output.finish();
  const { datasets, chunks, entries } = result;
  return { path: params.output, size, replaced, entries: entries.size, chunks, datasets, coverage: covers };
}

/** Parameters that have a meaning only if a model runs. */
const OF_A_RUN = [
  'text',
  'chunks',
  'processOutput',
  'parseSpecial',
] as const satisfies readonly (keyof ImatrixParams)[];

/** Checks the parameters. @throws UsageError */
function checkParams(params: ImatrixParams): void {
  refuseEmpty(params);
  checkNumbers(params);
  if (params.source !== undefined) {
    return;
  }
  if ((params.in ?? []).length === 0) {
    throw new UsageError('There is nothing to make an importance matrix of.', 'Name a model, or files with --in.');
  }
  const idle = OF_A_RUN.find((name) => params[name] !== undefined && params[name] !== false);
  if (idle) {
    throw new UsageError(`${optionName(idle)} has no effect without a model to run.`, 'Name one, or leave it out.');
  }
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

/** Writes the file. @returns its bytes. @throws DiskFullError, WriteError */
async function write(pieces: Pieces, output: PartialFiles): Promise<number> {
  let size = 0;
  for (const piece of pieces) {
    await output.write(0, piece, size);
    size += piece.length;
  }
  return size;
}
