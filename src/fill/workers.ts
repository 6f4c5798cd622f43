import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { BeginHash } from '../repo/verify.js';
import { descriptorLimit, threadLimit } from '../system-limits.js';
import { type WarningSink, warn } from '../warnings.js';
import { type Execution, execute } from './execute.js';
import type { HashJob } from './hash-worker.js';
import type { Job, JobResult } from './worker.js';

/** `execute` with threads of its own. @throws ThreadLimitError, and as `execute` */
export async function executeInThreads(execution: Omit<Execution, 'workers' | 'beginHash'>): Promise<boolean[]> {
  const workers = new Workers(execution.jobs, execution);
  const hashing = new HashThread();
  try {
    return await execute({ ...execution, workers, beginHash: hashing.begin });
  } finally {
    await workers.close();
    await hashing.close();
  }
}

/**
 * Threads that run fill/worker.ts. They start at once. If the system gives fewer than asked for, those do the work.
 */
class Workers {
  readonly #threads: Thread<Job, JobResult>[] = [];
  readonly #idle: Thread<Job, JobResult>[];
  readonly #waiting: ((thread: Thread<Job, JobResult>) => void)[] = [];

  /** @throws ThreadLimitError if not even one thread starts */
  constructor(count: number, to: WarningSink) {
    while (this.#threads.length < count) {
      try {
        this.#threads.push(new Thread('worker.js', 'fill'));
      } catch (error) {
        const limit = threadLimit(error);
        if (!limit || this.#threads.length === 0) {
          throw limit ?? error;
        }
        warn(to, `The system started ${this.#threads.length} of ${count} threads: ${limit.message}`);
        break;
      }
    }
    this.#idle = [...this.#threads];
  }

  /** @throws DescriptorLimitError, ThreadLimitError */
  async run(job: Job): Promise<JobResult> {
    const thread =
      this.#idle.pop() ?? (await new Promise<Thread<Job, JobResult>>((resolve) => this.#waiting.push(resolve)));
    try {
      return await thread.run(job);
    } catch (error) {
      throw descriptorLimit(error) ?? threadLimit(error) ?? error;
    } finally {
      const next = this.#waiting.shift();
      if (next) {
        next(thread);
      } else {
        this.#idle.push(thread);
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

/**
 * A thread that runs a function of one of the worker modules, one job at a time. It is a pool of its own: a pool of several
 * threads that gets only some of them is lost as a whole, while they go on running.
 */
class Thread<Job, Result> {
  readonly #pool: Piscina<Job, Result>;
  readonly #started: Promise<unknown>;
  /** For each job, what ends its wait with an error. */
  readonly #waiting = new Set<(error: unknown) => void>();
  /** Why the thread ended before it could take a job. */
  #failure: unknown;

  /** @throws the system's error */
  constructor(module: 'worker.js' | 'hash-worker.js', name: string) {
    this.#pool = new Piscina({
      // The bundled build has this module in another folder of dist/, one level below it too.
      filename: fileURLToPath(new URL(`../fill/${module}`, import.meta.url)),
      name,
      minThreads: 1,
      maxThreads: 1,
    });
    this.#started = Promise.all(this.#pool.threads.map(firstMessage));
    this.#pool.on('error', (error) => {
      this.#failure = error;
      for (const end of this.#waiting) {
        end(error);
      }
    });
  }

  async run(job: Job): Promise<Result> {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    let end: (error: unknown) => void = () => {};
    try {
      return await new Promise<Result>((resolve, reject) => {
        end = reject;
        this.#waiting.add(end);
        this.#pool.run(job).then(resolve, reject);
      });
    } finally {
      this.#waiting.delete(end);
    }
  }

  async close(): Promise<void> {
    // Wait for the start: about once in some hundred times Node aborts the whole process when a thread is ended while
    // it loads modules.
    await this.#started;
    // A failed thread leaves its job in the pool's queue, for whose end `close` would wait.
    await (this.#failure !== undefined ? this.#pool.destroy() : this.#pool.close());
  }
}

/** A thread for hashes, so that they do not hold up what is fetched. It starts when a hash is begun. */
class HashThread {
  #thread: Thread<HashJob, string> | undefined;
  #hashes = 0;

  readonly begin: BeginHash = (algorithm) => {
    this.#thread ??= new Thread('hash-worker.js', 'hashStep');
    const thread = this.#thread;
    const id = this.#hashes++;
    return {
      update: async (bytes) => {
        await thread.run({ id, algorithm, bytes });
      },
      digest: () => thread.run({ id, algorithm }),
    };
  };

  async close(): Promise<void> {
    await this.#thread?.close();
  }
}

/** Resolves when a thread says that it is ready, or ends because it could not start. */
function firstMessage(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('message', () => resolve()).once('exit', () => resolve());
  });
}
