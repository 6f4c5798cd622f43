import { totalmem } from 'node:os';
import { forEachConcurrently } from '../async/concurrency.js';
import { ResourceError } from '../errors.js';
import type { OpeningEvent } from '../events.js';
import { loadTensor } from '../fill/load-tensor.js';
import { KeyValues } from '../gguf/key-values.js';
import type { GgmlType } from '../gguf/types.js';
import type { Graph } from '../graphs/graph.js';
import { buildGraph } from '../graphs/registry.js';
import type { WeightTensor } from '../graphs/weight-tensor.js';
import type { PlannedTensor } from '../layout/plan.js';
import { checkFaults } from '../loading/check.js';
import { findFaults } from '../loading/faults.js';
import { openGgufModel } from '../plan/gguf-model.js';
import { makePlan } from '../plan/make-plan.js';
import { openModel } from '../plan/open-model.js';
import type { ConversionParams } from '../plan/params.js';
import type { PlanningEvent } from '../plan/planning-event.js';
import { toFloats } from '../quantize/floats.js';
import { namesGguf } from '../repo/open.js';
import type { Repo } from '../repo/repo.js';
import { bytesOf, DTYPE_BYTES, type ElementType, type ScaledType } from '../tensor/dtype.js';
import { elementCount, type SourceExpr } from '../tensor/expr.js';
import { dtypeOf, shapeOf } from '../tensor/rows.js';

/** A model as the engine takes it, and its key-values, in which the vocabulary is. */
export interface Runnable {
  readonly graph: Graph;
  /** A GGUF file's, or those that a conversion to float32 would write. */
  readonly kv: KeyValues;
  readonly tensors: readonly WeightTensor[];
}

/** As for a conversion; what concerns its output is left out. */
export interface RunnableOptions
  extends Pick<ConversionParams, 'token' | 'endpoint' | 'fetch' | 'signal' | 'arch' | 'archFile' | 'preTokenizer'> {
  /** Keeps what is opened, for one that opens the same model several times. */
  readonly opened?: OpenedModels;
  /** Is called with a conversion's warnings, and when the Hub makes us wait. */
  emit?(event: OpeningEvent): void;
}

/** Models by their sources, each opened once. */
export class OpenedModels {
  readonly outlines = new Map<string, Promise<RunnableOutline>>();
  readonly runnables = new Map<string, Promise<Runnable>>();
}

/** A model on the Hub that does not fit into memory. */
export class ModelTooLargeError extends ResourceError {}

/**
 * Opens a model for running: a GGUF file (of a split one, any part), or a model in the format of transformers, in a
 * folder or on the Hub. Files on this machine are mapped, others are fetched into memory. A checkpoint gives what its
 * conversion to float32 would.
 * @param source as of `quantize` or of `convert`.
 * @throws UnloadableError, NoGraphError, UnknownPartError, GraphError, ModelTooLargeError, and what opening and planning throw.
 */
export function openRunnable(source: string, options: RunnableOptions = {}): Promise<Runnable> {
  return once(options.opened?.runnables, source, async () => {
    const { repo, graph, kv, tensors: outlined } = await openOutline(source, options);
    const tensors = outlined.map((tensor) => mapInPlace(repo, tensor));
    const fetched = outlined.filter((_, i) => tensors[i] === undefined);
    checkFits(source, fetched);
    await forEachConcurrently([...outlined.entries()], READS, options.signal, async ([i, tensor], signal) => {
      tensors[i] ??= await load(repo, tensor, signal);
    });
    return { graph, kv, tensors: tensors as WeightTensor[] };
  });
}

/** A model without its tensors' data: headers and small files alone are read. */
export interface RunnableOutline extends Omit<Runnable, 'tensors'> {
  readonly repo: Repo;
  readonly tensors: readonly Pick<PlannedTensor, 'name' | 'ne' | 'expr'>[];
}

/** @throws as `openRunnable`, but ModelTooLargeError */
export function openOutline(source: string, options: RunnableOptions = {}): Promise<RunnableOutline> {
  return once(options.opened?.outlines, source, async () =>
    (await namesGguf(source, options)) ? outlineOfFile(source, options) : planFloats(source, options),
  );
}

function once<Value>(
  known: Map<string, Promise<Value>> | undefined,
  source: string,
  open: () => Promise<Value>,
): Promise<Value> {
  const value = known?.get(source) ?? open();
  known?.set(source, value);
  return value;
}

async function outlineOfFile(source: string, options: RunnableOptions): Promise<RunnableOutline> {
  const to = { emit: options.emit ?? (() => {}) };
  const { repo, kv, tensors } = await openGgufModel(source, options, to);
  checkFaults(findFaults({ kv, tensors }), to);
  return { repo, graph: buildGraph(kv, tensors), kv, tensors };
}

/** Tensors that are read at a time: a Hub takes long to answer, whatever the size. */
const READS = 8;

/** @throws ModelTooLargeError */
function checkFits(source: string, fetched: RunnableOutline['tensors']): void {
  const needed = fetched.reduce((sum, { expr }) => sum + bytesOf(dtypeOf(expr), elementCount(shapeOf(expr))), 0);
  if (needed > totalmem()) {
    const [gib, has] = [needed, totalmem()].map((bytes) => (bytes / 2 ** 30).toFixed(1));
    throw new ModelTooLargeError(
      `To run ${source}, ${gib} GiB of its weights have to be in memory, and there are ${has} GiB.`,
      'Download it first: files on this machine are mapped instead.',
    );
  }
}

const KEPT = [
  'token',
  'endpoint',
  'fetch',
  'signal',
  'arch',
  'archFile',
  'preTokenizer',
] as const satisfies readonly (keyof RunnableOptions)[];

/** What a conversion to float32 would write. */
async function planFloats(source: string, options: RunnableOptions): Promise<RunnableOutline> {
  const { emit = () => {} } = options;
  // Callers pass on what they were given, which may be a whole conversion's parameters.
  const kept = KEPT.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]));
  const params = { ...Object.fromEntries(kept), source, outtype: 'f32', jobs: 1 } satisfies ConversionParams;
  const model = await openModel(params, emit);
  const warnings = (event: PlanningEvent) => event.event === 'warning' && emit(event);
  const [file] = (await makePlan({ ...model, request: null, overrides: null }, params, warnings)).files;
  const kv = new KeyValues();
  for (const [key, value] of file?.kv ?? []) {
    kv.set(key, value);
  }
  const tensors = file?.tensors ?? [];
  return { repo: model.repo, graph: buildGraph(kv, tensors), kv, tensors };
}

/** What the engine reads of the types without blocks; all are exact in float32. */
const MAPPED: ReadonlySet<ElementType> = new Set(['F32', 'F16', 'BF16'] satisfies ElementType[]);

type OutlinedTensor = RunnableOutline['tensors'][number];

/** A tensor that is in a file of this machine as it is. */
function mapInPlace(repo: Repo, { name, ne, expr }: OutlinedTensor): WeightTensor | undefined {
  if (expr.op !== 'source' || !isMappable(expr)) {
    return undefined;
  }
  const path = repo.local(expr.file);
  return path === null ? undefined : { name, ne, type: expr.dtype, data: { kind: 'file', path, offset: expr.offset } };
}

function isMappable(expr: SourceExpr): expr is SourceExpr & { dtype: GgmlType } {
  const isBlocks = !(expr.dtype in DTYPE_BYTES);
  return isBlocks || (MAPPED.has(expr.dtype) && expr.offset % bytesOf(expr.dtype, 1) === 0);
}

/** The evaluated tensor in memory, in its own dtype where the engine reads that, else as float32. */
async function load(repo: Repo, { name, ne, expr }: OutlinedTensor, signal: AbortSignal): Promise<WeightTensor> {
  const raw = await loadTensor(repo, expr, signal);
  // A checkpoint with scaled types was refused when it was opened, and a GGUF file has none.
  const { bytes, dtype } = toFloats(raw, dtypeOf(expr) as Exclude<ElementType, ScaledType>);
  return { name, ne, type: dtype, data: { kind: 'memory', bytes } };
}
