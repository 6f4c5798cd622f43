import { forEachConcurrently } from '../async/concurrency.js';
import { type Call, stream } from '../async/stream.js';
import type { DoneEvent, ProgressEvent, WaitEvent } from '../events.js';
import { type GgmlType, rowBytes } from '../gguf/types.js';
import { type GgufModel, type GgufModelTensor, openGgufModel } from '../plan/gguf-model.js';
import { dimensions } from '../quantize/recipe/tensor.js';
import type { OpenOptions } from '../repo/open.js';
import type { Repo } from '../repo/repo.js';
import { elementCount } from '../tensor/expr.js';
import { compareTensors, type TensorError } from './compare-tensors.js';
import { type KeyChange, keyChanges } from './key-changes.js';

export interface DiffParams extends Omit<OpenOptions, 'revision'> {
  /** Two GGUF files: paths, or `org/model[@revision]:file.gguf`. Of a split file any part stands for all. */
  readonly a: string;
  readonly b: string;
}

export type DiffEvent =
  /** Bytes of tensors compared, of all that are in both files. */
  ProgressEvent | WaitEvent | DoneEvent<Difference>;

/** The differences of two files. */
export interface Difference {
  readonly a: FileSummary;
  readonly b: FileSummary;
  /** Whether there is no difference at all: the same keys, values and tensors in the same order. */
  readonly same: boolean;
  readonly kv: readonly KeyChange[];
  /** The keys that differ, in A's order, then B's. */
  readonly tensors: readonly TensorDifference[];
  /** Whether the keys and tensors that both have come in the same order. */
  readonly sameOrder: { readonly kv: boolean; readonly tensors: boolean };
}

export interface FileSummary {
  readonly source: string;
  readonly keys: number;
  readonly tensors: number;
}

export interface TensorDifference {
  readonly name: string;
  /** Null where it is missing. */
  readonly a: TensorSummary | null;
  readonly b: TensorSummary | null;
  /** How far B's values are from A's; null where the tensor is missing or has another shape. */
  readonly error: TensorError | null;
}

export interface TensorSummary {
  readonly type: GgmlType;
  /** The row length first, without trailing ones. */
  readonly ne: readonly number[];
}

/**
 * Compares two GGUF files: key-values, and tensors by their bytes and values, a few MiB at a time. How the files are laid
 * out does not count.
 * @throws UsageError, UnsupportedError, SourceError, HubError, InterruptedError
 */
export function diff(params: DiffParams): Call<DiffEvent, Difference> {
  return stream((emit, signal) => run({ ...params, signal }, emit), params.signal);
}

/** Tensors that are compared at once: while bytes of one come, another's are worked on. */
const AT_ONCE = 4;

async function run(params: DiffParams, emit: (event: DiffEvent) => void): Promise<Difference> {
  const { a: sourceA, b: sourceB, ...given } = params;
  const options = { ...given, emit };
  const [a, b] = await Promise.all([openGgufModel(sourceA, options), openGgufModel(sourceB, options)]);
  const pairs = pairTensors(a, b);
  const total = pairs.reduce((sum, pair) => sum + bytesOf(pair), 0);
  const differences = new Map<Pair, TensorDifference>();
  let done = 0;
  await forEachConcurrently(pairs, AT_ONCE, options.signal, async (pair, signal) => {
    const difference = await compare(pair, a.repo, b.repo, signal);
    if (difference) {
      differences.set(pair, difference);
    }
    done += bytesOf(pair);
    emit({ event: 'progress', unit: 'bytes', done, total });
  });
  const found = pairs.flatMap((pair) => differences.get(pair) ?? []);
  const result = summarize(params, a, b, found);
  emit({ event: 'done', result });
  return result;
}

interface Pair {
  readonly name: string;
  readonly a: GgufModelTensor | undefined;
  readonly b: GgufModelTensor | undefined;
}

function pairTensors(a: GgufModel, b: GgufModel): Pair[] {
  const byName = ({ tensors }: GgufModel) => new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const [inA, inB] = [byName(a), byName(b)];
  const names = new Set([...inA.keys(), ...inB.keys()]);
  return [...names].map((name) => ({ name, a: inA.get(name), b: inB.get(name) }));
}

function bytesOf({ a, b }: Pair): number {
  return a && b ? tensorBytes(a) + tensorBytes(b) : 0;
}

function tensorBytes({ type, ne }: GgufModelTensor): number {
  return rowBytes(type, elementCount(ne));
}

async function compare(
  { name, a, b }: Pair,
  repoA: Repo,
  repoB: Repo,
  signal: AbortSignal,
): Promise<TensorDifference | null> {
  const [left, right] = [a ? summary(a) : null, b ? summary(b) : null];
  if (!a || !b || left?.ne.join() !== right?.ne.join()) {
    return { name, a: left, b: right, error: null };
  }
  const error = await compareTensors({ repo: repoA, tensor: a }, { repo: repoB, tensor: b }, signal);
  return error && { name, a: left, b: right, error };
}

function summary({ type, ne }: GgufModelTensor): TensorSummary {
  return { type, ne: ne.slice(0, dimensions(ne)) };
}

function summarize(params: DiffParams, a: GgufModel, b: GgufModel, tensors: readonly TensorDifference[]): Difference {
  const kv = keyChanges(a.kv.entries(), b.kv.entries());
  const names = ({ tensors }: GgufModel) => tensors.map(({ name }) => name);
  const keys = (model: GgufModel) => [...model.kv.entries()].map(([key]) => key);
  const sameOrder = { kv: isSameOrder(keys(a), keys(b)), tensors: isSameOrder(names(a), names(b)) };
  return {
    a: { source: params.a, keys: a.kv.size, tensors: a.tensors.length },
    b: { source: params.b, keys: b.kv.size, tensors: b.tensors.length },
    same: kv.length === 0 && tensors.length === 0 && sameOrder.kv && sameOrder.tensors,
    kv,
    tensors,
    sameOrder,
  };
}

/** Whether the names that both have come in the same order. */
function isSameOrder(a: readonly string[], b: readonly string[]): boolean {
  const [inA, inB] = [new Set(a), new Set(b)];
  const common = b.filter((name) => inA.has(name));
  return a.filter((name) => inB.has(name)).every((name, i) => name === common[i]);
}
