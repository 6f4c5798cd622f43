import { forEachConcurrently, throwIfAborted } from '../async/concurrency.js';
import { InterruptedError, SourceError } from '../errors.js';
import type { PhaseEvent, ProgressEvent, WarningEvent } from '../events.js';
import { type SizedFile, writeError } from '../output/write-error.js';
import { NativeAddonError } from '../quantize/native.js';
import { NetworkError } from '../repo/errors.js';
import type { Repo } from '../repo/repo.js';
import { checkUnchanged } from '../repo/unchanged.js';
import type { BeginHash } from '../repo/verify.js';
import { NativeMemoryError } from '../system-limits.js';
import { sourcesOf } from '../tensor/rows.js';
import { warn } from '../warnings.js';
import { BytePool } from './byte-pool.js';
import { DoubtfulValues } from './doubtful-values.js';
import { fetchReads } from './fetch-reads.js';
import { LocalSources, readError } from './local-sources.js';
import { MEMORY_UNIT } from './pieces.js';
import type { Sink } from './sink.js';
import { SourceChecks } from './source-checks.js';
import { makeTasks, type Task } from './tasks.js';
import type { WantedTensor } from './wanted.js';
import type { Job, JobFailure, JobResult, MeasuredErrors } from './worker.js';
import { WrittenRows, withoutWritten } from './written-rows.js';

/** A file of weights became shorter while it was read. */
export class ShrunkFileError extends SourceError {}
/** A tensor has values that its type cannot hold, or that must not be quantized. */
export class BadWeightsError extends SourceError {}

const GO_ON = 'The same command goes on with it.';

/** Writing was interrupted. What is done stays for the same command to go on with. */
export class FillInterruptedError extends InterruptedError {
  constructor(kept: readonly string[], options?: ErrorOptions) {
    super(options, { what: `Interrupted; what is done so far is kept: ${kept.join(', ')}.`, next: GO_ON });
  }
}

/** The parameters of `execute`. */
export interface Execution {
  readonly repo: Repo;
  /** Where the planned files go. Without any file nothing is written, and only `onErrors` gets results. */
  readonly sink: Sink;
  readonly tensors: readonly WantedTensor[];
  readonly jobs: number;
  /** Runs the tasks. */
  readonly workers: { run(job: Job): Promise<JobResult> };
  /** Begins the hashes of source files. @default in this thread */
  readonly beginHash?: BeginHash | undefined;
  /** Bytes that all running tasks may take together. */
  readonly memory: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether NaN and infinite values are refused where they would only cause a warning. */
  readonly strict?: boolean | undefined;
  /** Called with the errors of each piece. Without it, errors are not measured. */
  readonly onErrors?: ((errors: MeasuredErrors) => void) | undefined;
  /** Called with what is left to do where the sink has the rest from an earlier run. */
  readonly onContinue?: ((tensors: readonly WantedTensor[]) => void) | undefined;
  emit(event: PhaseEvent | ProgressEvent | WarningEvent): void;
}

/**
 * Fills the files, and gives them their names when all are complete and flushed. If anything fails it removes everything,
 * but what it may go on with another time after an interruption or a failure of the network.
 * @returns for each file whether it replaced another.
 * @throws ResourceError, SourceError, HubError, InterruptedError, StrictError with `strict`, and the sink's errors
 */
export async function execute(execution: Execution): Promise<boolean[]> {
  const { sink } = execution;
  try {
    await sink.open();
    const tensors = withoutWritten(execution.tensors, sink.done);
    if (tensors !== execution.tensors) {
      execution.onContinue?.(tensors);
    }
    await fillAll({ ...execution, tensors });
    await checkSources(execution);
    execution.emit({ event: 'phase', phase: 'flush' });
    throwIfAborted(execution.signal);
    return await sink.finish();
  } catch (error) {
    const kept = mayPass(error) ? await sink.keep?.() : undefined;
    if (!kept?.length) {
      await sink.discard();
      throw error;
    }
    if (error instanceof InterruptedError) {
      throw new FillInterruptedError(kept, { cause: error });
    }
    warn(execution, `What is done so far is kept: ${kept.join(', ')}.`, GO_ON);
    throw error;
  }
}

/** Whether the same command may get further another time. */
function mayPass(error: unknown): boolean {
  return error instanceof InterruptedError || error instanceof NetworkError;
}

/** A file that was changed in place while it was read has given bytes of both. @throws ChangedSourceError */
function checkSources({ repo, tensors }: Execution): Promise<void> {
  return checkUnchanged(repo, new Set(tensors.flatMap(({ expr }) => sourcesOf(expr).map(({ file }) => file))));
}

/** Tasks that run at once where ranges are fetched from the Hub: enough to keep a fast connection busy. */
const MAX_FETCHES = 16;
/** Tasks that are ready beside those that the workers have, so that no worker waits for its next one. */
const SPARE_TASKS = 1;
/** Bytes of a task below which pieces become so small that fewer tasks at once are faster. */
const MIN_SHARE = 2 ** 18;
/** The pool's largest size: no machine needs more, and Node's arrays cannot be larger. */
const MAX_POOL = 2 ** 32;

async function fillAll(execution: Execution): Promise<void> {
  const { repo, sink, tensors, jobs, workers, signal } = execution;
  const total = tensors.reduce((sum, { bytes, rows }) => sum + (rows > 0 ? bytes : 0), 0);
  const busy = jobs + SPARE_TASKS;
  const lanes = Math.max(busy, tensors.every(({ isLocal }) => isLocal) ? 0 : MAX_FETCHES);
  const pool = new BytePool(Math.floor(Math.min(execution.memory, MAX_POOL) / MEMORY_UNIT) * MEMORY_UNIT);
  const share = Math.max(pool.size / busy, MIN_SHARE);
  const tasks = makeTasks(tensors, { share: Math.min(share, pool.size), most: pool.size, keepsOutputs: !sink.fds });
  const sources = new LocalSources(repo);
  const checks = new SourceChecks(repo, tensors, execution);
  const doubtful = new DoubtfulValues();
  const written = new WrittenRows(tensors);
  let done = tensors.reduce(
    (sum, { bytes, rows, start = 0 }) => sum + (start > 0 ? Math.floor((bytes * start) / rows) : 0),
    0,
  );
  const runTask = async (task: Task, stop: AbortSignal) => {
    const compare = checks.announce(task);
    const memory = await pool.take(task.memory);
    let isDoubtful = false;
    try {
      if (stop.aborted) {
        return;
      }
      if (!task.isLocal) {
        await fetchReads(repo, task.reads, memory, stop);
      }
      const job = { task, memory, measure: execution.onErrors !== undefined, ...(sink.fds && { fds: sink.fds }) };
      const filled = task.isLocal
        ? sources.use(task, (fds) => workers.run({ ...job, sources: fds }))
        : workers.run(job);
      // What was fetched is compared while a worker has it; a worker reads local files itself.
      const compared = task.isLocal ? filled.then(() => compare(memory)) : compare(memory);
      const [{ failure, ...found }] = await both(filled, compared);
      if (failure) {
        throw failureError(failure, sink.outputs);
      }
      for (const { file, bytes, position } of found.written) {
        await sink.write(file, bytes, position);
      }
      for (const error of found.errors) {
        execution.onErrors?.(error);
      }
      for (const value of found.doubtful) {
        doubtful.add(value);
      }
      isDoubtful = found.doubtful.length > 0;
    } finally {
      // Whoever waits for these bytes need not any more, if they never came.
      compare();
      pool.give(memory);
    }
    done += task.progress;
    // Values that are to be warned of are found again by the next run, if this one is killed.
    sink.flushBehind(isDoubtful ? new Map() : written.add(task));
    execution.emit({ event: 'progress', unit: 'bytes', done, total });
  };
  try {
    await forEachConcurrently(tasks, lanes, signal, runTask);
  } finally {
    sources.close();
  }
  await checks.finish();
  doubtful.report(execution);
}

/** The results of both, when both have ended: memory and files are theirs until then. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
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
    case 'memory':
      return new NativeMemoryError(failure.bytes);
  }
}
