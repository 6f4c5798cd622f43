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

/** A model that the engine can run, and its key-values, which have the vocabulary. */
export interface Runnable {
  readonly graph: Graph;
  /** The key-values of a GGUF file, or those that a conversion to float32 would write. */
  readonly kv: KeyValues;
  readonly tensors: readonly WeightTensor[];
}

/** The options of a conversion, except those of its output. */
export interface RunnableOptions
  extends Pick<ConversionParams, 'token' | 'endpoint' | 'fetch' | 'signal' | 'arch' | 'archFile' | 'preTokenizer'> {
  /** Remembers opened models, for callers that open the same model several times. */
  readonly opened?: OpenedModels;
  /** Called with warnings of a conversion, and while the Hub makes the program wait. */
  emit?(event: OpeningEvent): void;
}

/** Opened models by source. Each is opened once. */
export class OpenedModels {
  readonly outlines = new Map<string, Promise<RunnableOutline>>();
  readonly runnables = new Map<string, Promise<Runnable>>();
}

/** A model on the Hub does not fit into memory. */
export class ModelTooLargeError extends ResourceError {}

/**
 * Opens a model to run it: a GGUF file (any part of a split one), or a model in the format of transformers, in a folder
 * or on the Hub. Local files are mapped; others are fetched into memory. A checkpoint is run as its conversion to
 * float32 would be.
 * @param source the source of `quantize` or of `convert`.
 * @throws UnloadableError, NoGraphError, UnknownPartError, GraphError, ModelTooLargeError, and the errors of opening
 * and planning
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

/** A model without its tensors' data. Only headers and small files are read. */
export interface RunnableOutline extends Omit<Runnable, 'tensors'> {
  readonly repo: Repo;
  readonly tensors: readonly Pick<PlannedTensor, 'name' | 'ne' | 'expr'>[];
}

/** Opens a model without its tensors' data. @throws the errors of `openRunnable` except ModelTooLargeError */
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

/** The number of tensors that are read at once. The Hub takes long to answer even for a small one. */
const READS = 8;

/** Checks that fetched tensors fit into memory. @throws ModelTooLargeError */
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

/** Plans a conversion to float32. */
async function planFloats(source: string, options: RunnableOptions): Promise<RunnableOutline> {
  const { emit = () => {} } = options;
  // Callers may pass the parameters of a whole conversion, so only known options are kept.
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

/** The types without blocks that the engine reads. float32 holds all of their values. */
const MAPPED: ReadonlySet<ElementType> = new Set(['F32', 'F16', 'BF16'] satisfies ElementType[]);

type OutlinedTensor = RunnableOutline['tensors'][number];

/** A tensor whose bytes can be mapped from a local file; undefined for any other. */
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

/** Evaluates a tensor into memory: in its own dtype if the engine reads that, else in float32. */
async function load(repo: Repo, { name, ne, expr }: OutlinedTensor, signal: AbortSignal): Promise<WeightTensor> {
  const raw = await loadTensor(repo, expr, signal);
  // Scaled types cannot occur: a checkpoint with them is refused when it is opened, and GGUF has none.
  const { bytes, dtype } = toFloats(raw, dtypeOf(expr) as Exclude<ElementType, ScaledType>);
  return { name, ne, type: dtype, data: { kind: 'memory', bytes } };
}
