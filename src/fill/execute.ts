import { closeSync, openSync } from 'node:fs';
import { forEachConcurrently, throwIfAborted } from '../async/concurrency.js';
import { SourceError } from '../errors.js';
import type { PhaseEvent, ProgressEvent, WarningEvent } from '../events.js';
import type { PartialFiles } from '../output/partial-files.js';
import { type SizedFile, writeError } from '../output/write-error.js';
import { NativeAddonError } from '../quantize/native.js';
import type { Repo } from '../repo/repo.js';
import { DoubtfulValues } from './doubtful-values.js';
import { type Task, workerMemory } from './tasks.js';
import type { JobFailure, MeasuredErrors } from './worker.js';
import type { Workers } from './workers.js';

export class ReadError extends SourceError {}
export class ShrunkFileError extends SourceError {}
export class BadWeightsError extends SourceError {}

export interface Execution {
  readonly repo: Repo;
  /** The planned files; without any, nothing is written and `onErrors` alone learns of the work. */
  readonly files: PartialFiles;
  readonly tasks: readonly Task[];
  readonly jobs: number;
  readonly workers: Workers;
  /** Bytes that fetched ranges may take while they wait for a worker. */
  readonly fetchMemory: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether values that are NaN or infinite are refused where they would be a warning. */
  readonly strict?: boolean | undefined;
  /** Takes what each part lost; nothing is measured without. */
  readonly onErrors?: ((errors: MeasuredErrors) => void) | undefined;
  emit(event: PhaseEvent | ProgressEvent | WarningEvent): void;
}

/**
 * Fills the files and gives them their names when all are whole and flushed; leaves nothing behind when anything fails.
 * @returns of each file whether it took the place of another.
 * @throws ResourceError, SourceError, HubError, InterruptedError, StrictError with `strict`; and as `PartialFiles`
 */
export async function execute(execution: Execution): Promise<boolean[]> {
  const { files } = execution;
  try {
    await files.open();
    execution.emit({ event: 'phase', phase: 'fill' });
    await fillAll(execution);
    execution.emit({ event: 'phase', phase: 'flush' });
    throwIfAborted(execution.signal);
    return await files.finish();
  } catch (error) {
    await files.discard();
    throw error;
  }
}

/** Fetched ranges that wait for a worker at once: enough to keep a fast connection busy. */
const MAX_FETCHES = 16;

async function fillAll(execution: Execution): Promise<void> {
  const { files, tasks, jobs, workers } = execution;
  const total = tasks.reduce((sum, task) => sum + task.bufferSize, 0);
  const sources = new LocalSources(execution.repo);
  const memory = workerMemory(tasks);
  const measure = execution.onErrors !== undefined;
  const largest = tasks.reduce((most, task) => Math.max(most, task.bufferSize), 1);
  const fetches = Math.max(1, Math.min(MAX_FETCHES, Math.floor(execution.fetchMemory / largest)));
  const buffers = new BufferPool(largest);
  const doubtful = new DoubtfulValues();
  let done = 0;
  const runTask = async (task: Task, signal: AbortSignal) => {
    const local = sources.open(task);
    const buffer = local ? undefined : buffers.take();
    try {
      const bytes = buffer && (await fetchTask(execution.repo, task, buffer, signal));
      const job = { task: withOwnWeights(task), sources: local ?? {}, outputs: files.fds, memory, measure };
      const { failure, ...found } = await workers.run({ ...job, ...(bytes && { bytes }) });
      if (failure) {
        throw failureError(failure, files.outputs);
      }
      for (const error of found.errors) {
        execution.onErrors?.(error);
      }
      for (const value of found.doubtful) {
        doubtful.add(value);
      }
    } finally {
      if (buffer) {
        buffers.give(buffer);
      }
    }
    done += task.bufferSize;
    files.flushBehind();
    execution.emit({ event: 'progress', unit: 'bytes', done, total });
  };
  try {
    const isLocal = tasks.every((task) => sources.open(task));
    await forEachConcurrently(tasks, isLocal ? jobs * 2 : Math.max(fetches, jobs), execution.signal, runTask);
  } finally {
    sources.close();
  }
  doubtful.report(execution);
}

/** What is sent to a thread takes the whole memory under an array with it, which for weights is the tensor's. */
function withOwnWeights(task: Task): Task {
  const parts = task.parts.map((part) => ({
    ...part,
    targets: part.targets.map((target) => (target.weights ? { ...target, weights: target.weights.slice() } : target)),
  }));
  return { ...task, parts };
}

async function fetchTask(repo: Repo, task: Task, buffer: SharedArrayBuffer, signal: AbortSignal): Promise<Uint8Array> {
  const bytes = new Uint8Array(buffer, 0, task.bufferSize);
  await Promise.all(
    task.reads.map((read) =>
      repo.readInto(read.file, read.offset, bytes.subarray(read.at, read.at + read.length), signal),
    ),
  );
  return bytes;
}

/** Descriptors of the source files that lie on this machine, opened once and shared by all workers. */
class LocalSources {
  readonly #fds: Record<string, number> = {};

  constructor(readonly repo: Repo) {}

  /** The descriptors that a task's reads need; null when one of its files has to be fetched. */
  open(task: Task): Record<string, number> | null {
    for (const { file } of task.reads) {
      const path = this.#fds[file] === undefined ? this.repo.local(file) : null;
      if (path !== null) {
        this.#fds[file] = openFile(path);
      } else if (this.#fds[file] === undefined) {
        return null;
      }
    }
    return this.#fds;
  }

  close(): void {
    for (const fd of Object.values(this.#fds)) {
      closeSync(fd);
    }
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw readError(error as Error);
  }
}

function readError({ message }: { message: string }): ReadError {
  return new ReadError(`The weights cannot be read: ${message}.`, 'Check the disk and the files.');
}

/** Shared memory that is used again: a fresh buffer for each range would be zeroed each time. */
class BufferPool {
  readonly #free: SharedArrayBuffer[] = [];

  constructor(readonly size: number) {}

  take(): SharedArrayBuffer {
    return this.#free.pop() ?? new SharedArrayBuffer(this.size);
  }

  give(buffer: SharedArrayBuffer): void {
    this.#free.push(buffer);
  }
}

function failureError(failure: JobFailure, outputs: readonly SizedFile[]): Error {
  switch (failure.kind) {
    case 'write':
      return writeError(failure, outputs);
    case 'read':
      return readError(failure);
    case 'short':
      return new ShrunkFileError(
        `${failure.file} became shorter while it was read.`,
        'Wait until the download is complete, then start again.',
      );
    case 'values':
      return new BadWeightsError(failure.what, failure.next);
    case 'addon':
      return new NativeAddonError(failure.what, failure.next);
  }
}
