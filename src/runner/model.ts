import { forEachConcurrently } from '../concurrency.js';
import { type ScaledType, toFloats } from '../convert/floats.js';
import { openGgufModel } from '../convert/gguf-model.js';
import { makePlan } from '../convert/make-plan.js';
import { openModel } from '../convert/open-model.js';
import type { ConvertParams } from '../convert/params.js';
import type { PlannedTensor } from '../convert/plan.js';
import { UsageError } from '../errors.js';
import type { ConvertEvent } from '../events.js';
import { KeyValues } from '../gguf/key-values.js';
import type { GgmlType } from '../gguf/types.js';
import { statOrNull } from '../repo/folder.js';
import type { Repo } from '../repo/repo.js';
import { bytesOf, type ElementType } from '../tensor/dtype.js';
import { dtypeOf, type SourceExpr } from '../tensor/expr.js';
import { evaluate, rowCount, segments } from '../tensor/rows.js';
import type { Graph, WeightTensor } from './graph.js';
import { buildGraph } from './graphs/registry.js';

/** A model as the engine takes it, and its key-values, in which the vocabulary is. */
export interface Runnable {
  readonly graph: Graph;
  /** A GGUF file's, or those that a conversion to float32 would write. */
  readonly kv: KeyValues;
  readonly tensors: readonly WeightTensor[];
}

/** As for a conversion; what concerns its output is left out. */
export interface RunnableOptions
  extends Pick<ConvertParams, 'token' | 'endpoint' | 'fetch' | 'signal' | 'arch' | 'preTokenizer'> {
  /** Takes the warnings of a conversion. */
  emit?(event: ConvertEvent): void;
}

/** A GGUF file that would have to be fetched whole. */
export class RemoteGgufError extends UsageError {}

/**
 * Opens a model for running: a GGUF file (of a split one, any part) on this machine, or a model in the format of
 * transformers, in a folder or on the Hub. A checkpoint gives what its conversion to float32 would.
 * @param source as of `quantize` or of `convert`.
 * @throws NoGraphError, UnknownPartError, GraphError, RemoteGgufError, and what opening and planning throw.
 */
export async function openRunnable(source: string, options: RunnableOptions = {}): Promise<Runnable> {
  return (await isGguf(source)) ? openFile(source, options) : openCheckpoint(source, options);
}

/** A model without its tensors' data: headers and small files alone are read. */
export interface Outline extends Omit<Runnable, 'tensors'> {
  readonly tensors: readonly Pick<WeightTensor, 'name' | 'ne'>[];
}

/** @throws as `openRunnable` */
export async function openOutline(source: string, options: RunnableOptions = {}): Promise<Outline> {
  if (!(await isGguf(source))) {
    return planFloats(source, options);
  }
  const { kv, tensors } = await openGgufModel(source, options);
  return { graph: buildGraph(kv, tensors), kv, tensors };
}

async function isGguf(source: string): Promise<boolean> {
  const found = await statOrNull(source, source);
  return found ? found.isFile() : /\.gguf$/i.test(source);
}

async function openFile(source: string, options: RunnableOptions): Promise<Runnable> {
  const { kv, repo, tensors } = await openGgufModel(source, options);
  const graph = buildGraph(kv, tensors);
  const mapped = tensors.map(({ name, type, ne, expr }): WeightTensor => {
    const path = repo.local(expr.file);
    if (path === null) {
      throw new RemoteGgufError(`${source} is not on this machine.`, 'Download the file first.');
    }
    return { name, type, ne, data: { kind: 'file', path, offset: expr.offset } };
  });
  return { graph, kv, tensors: mapped };
}

/** Tensors that are read at a time, lest a Hub's latency counts for each. */
const READS = 8;

async function openCheckpoint(source: string, options: RunnableOptions): Promise<Runnable> {
  const { repo, graph, kv, tensors: planned } = await planFloats(source, options);
  const tensors: WeightTensor[] = [];
  await forEachConcurrently([...planned.entries()], READS, options.signal, async ([index, tensor], signal) => {
    tensors[index] = mapInPlace(repo, tensor) ?? (await load(repo, tensor, signal));
  });
  return { graph, kv, tensors };
}

const KEPT = [
  'token',
  'endpoint',
  'fetch',
  'signal',
  'arch',
  'preTokenizer',
] as const satisfies readonly (keyof RunnableOptions)[];

/** What a conversion to float32 would write. */
async function planFloats(source: string, options: RunnableOptions) {
  const { emit = () => {} } = options;
  // Callers pass on what they were given, which may be a whole conversion's parameters.
  const kept = KEPT.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]));
  const params: ConvertParams = { ...Object.fromEntries(kept), source, outtype: 'f32' };
  const model = await openModel(params);
  const [file] = (await makePlan(model, params, emit)).plan.files;
  const kv = new KeyValues();
  for (const [key, value] of file?.kv ?? []) {
    kv.set(key, value);
  }
  const tensors = file?.tensors ?? [];
  return { repo: model.repo, graph: buildGraph(kv, tensors), kv, tensors };
}

/** What the engine reads of a checkpoint's dtypes; all are exact in float32. */
const MAPPED: ReadonlySet<ElementType> = new Set(['F32', 'F16', 'BF16'] satisfies ElementType[]);

/** A tensor that is in a file of this machine as it is. */
function mapInPlace(repo: Repo, { name, ne, expr }: PlannedTensor): WeightTensor | undefined {
  if (expr.op !== 'source' || !isMappable(expr)) {
    return undefined;
  }
  const path = repo.local(expr.file);
  return path === null ? undefined : { name, ne, type: expr.dtype, data: { kind: 'file', path, offset: expr.offset } };
}

function isMappable(expr: SourceExpr): expr is SourceExpr & { dtype: GgmlType } {
  return MAPPED.has(expr.dtype) && expr.offset % bytesOf(expr.dtype, 1) === 0;
}

/** The evaluated tensor in memory, in its own dtype where the engine reads that, else as float32. */
async function load(repo: Repo, { name, ne, expr }: PlannedTensor, signal: AbortSignal): Promise<WeightTensor> {
  const rows = rowCount(expr);
  const pieces: Uint8Array[] = [];
  for (const { file, offset, length } of segments(expr, 0, rows)) {
    const piece = new Uint8Array(length);
    await repo.readInto(file, offset, piece, signal);
    pieces.push(piece);
  }
  const raw = evaluate(expr, 0, rows, {
    fetch: () => pieces.shift() as Uint8Array,
    take: (size) => new Uint8Array(size),
  });
  // A checkpoint with scaled types was refused when it was opened.
  const { bytes, dtype } = toFloats(raw, dtypeOf(expr) as Exclude<ElementType, ScaledType>);
  return { name, ne, type: dtype, data: { kind: 'memory', bytes } };
}
