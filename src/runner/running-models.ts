import { stat } from 'node:fs/promises';
import type { KeyValues } from '../gguf/key-values.js';
import { rowBytes } from '../gguf/types.js';
import type { WeightTensor } from '../graphs/weight-tensor.js';
import { FILE_TYPES, type FileType } from '../quantize/file-types.js';
import { elementCount } from '../tensor/expr.js';
import { openVocabulary } from '../tokenize/open.js';
import { type Engine, openEngine } from './engine.js';
import type { RunningModel } from './measure.js';
import { openOutline, openRunnable, type Runnable, type RunnableOptions, type RunnableOutline } from './model.js';

/** A model to be measured, with the facts that distinguish it from others. */
export interface OpenedModel extends RunningModel {
  readonly engine: Engine;
  readonly type: FileType | null;
  /** Bytes. */
  readonly size: number;
  readonly bitsPerWeight: number;
}

export interface RunningOptions extends RunnableOptions {
  readonly contextLength: number;
  /** Threads. @default the machine's cores */
  readonly jobs?: number;
}

/**
 * Opens models to run them. If one fails, all are closed.
 * @throws the errors of `openRunnable`, `openEngine` and `openVocabulary`
 */
export async function openRunningModels(sources: readonly string[], options: RunningOptions): Promise<OpenedModel[]> {
  // All headers are read before any weights are fetched, so that errors come early.
  for (const source of sources) {
    await openHeaders(source, options);
  }
  const opened: OpenedModel[] = [];
  try {
    for (const source of sources) {
      opened.push(await openRunningModel(source, options));
    }
    return opened;
  } catch (error) {
    for (const { engine } of opened) {
      engine.close();
    }
    throw error;
  }
}

/** Opens a model without its weights. @throws the errors of `openOutline` */
export function openHeaders(source: string, options: RunningOptions): Promise<RunnableOutline> {
  return openOutline(source, options);
}

async function openRunningModel(source: string, options: RunningOptions): Promise<OpenedModel> {
  const { contextLength, jobs } = options;
  const runnable = await openRunnable(source, options);
  const { graph, kv, tensors } = runnable;
  const vocabulary = openVocabulary(kv);
  const engine = openEngine(graph, tensors, { contextLength, ...(jobs !== undefined && { threads: jobs }) });
  return { source, engine, vocabulary, ...(await describe(runnable)) };
}

async function describe({ kv, tensors }: Runnable) {
  const bytes = sum(tensors.map(({ type, ne }) => rowBytes(type, elementCount(ne))));
  const bitsPerWeight = (8 * bytes) / sum(tensors.map(({ ne }) => elementCount(ne)));
  const size = await ggufSize(tensors);
  // The key-values of a checkpoint are those of its conversion, so its own type is unknown.
  return size === 0 ? { type: null, size: bytes, bitsPerWeight } : { type: fileType(kv), size, bitsPerWeight };
}

function fileType(kv: KeyValues): FileType | null {
  const id = kv.get('general.file_type')?.value;
  return (Object.keys(FILE_TYPES) as FileType[]).find((name) => FILE_TYPES[name].id === id) ?? null;
}

/** Bytes of the GGUF files that have the tensors; 0 for a checkpoint. */
async function ggufSize(tensors: readonly WeightTensor[]): Promise<number> {
  const paths = new Set(tensors.flatMap(({ data }) => (data.kind === 'file' ? [data.path] : [])));
  const files = [...paths].filter((path) => /\.gguf$/i.test(path));
  return sum((await Promise.all(files.map((path) => stat(path)))).map(({ size }) => size));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
