import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { BeginHash } from '../repo/verify.js';
import { type Execution, execute } from './execute.js';
import type { HashJob } from './hash-worker.js';
import type { Job, JobResult } from './worker.js';

/** `execute` with threads of its own. @throws as `execute` */
export async function executeInThreads(execution: Omit<Execution, 'workers' | 'beginHash'>): Promise<boolean[]> {
  const workers = new Threads<Job, JobResult>('worker.js', 'fill', execution.jobs);
  const hashing = new HashThread();
  try {
    return await execute({ ...execution, workers, beginHash: hashing.begin });
  } finally {
    await workers.close();
    await hashing.close();
  }
}

/** Threads that run a function of one of the worker modules. They start at once. */
class Threads<Job, Result> {
  readonly #pool: Piscina<Job, Result>;
  readonly #started: Promise<unknown>;

  constructor(module: 'worker.js' | 'hash-worker.js', name: string, count: number) {
    this.#pool = new Piscina({
      // The bundled build has this module in another folder of dist/, one level below it too.
      filename: fileURLToPath(new URL(`../fill/${module}`, import.meta.url)),
      name,
      minThreads: count,
      maxThreads: count,
    });
    this.#started = Promise.all(this.#pool.threads.map(firstMessage));
  }

  readonly run = (job: Job): Promise<Result> => this.#pool.run(job);

  async close(): Promise<void> {
    // Wait for the start: about once in some hundred times Node aborts the whole process when a thread is ended while
    // it loads modules.
    await this.#started;
    await this.#pool.close();
  }
}

/** A thread for hashes, so that they do not hold up what is fetched. It starts when a hash is begun. */
class HashThread {
  #threads: Threads<HashJob, string> | undefined;
  #hashes = 0;

  readonly begin: BeginHash = (algorithm) => {
    this.#threads ??= new Threads('hash-worker.js', 'hashStep', 1);
    const { run } = this.#threads;
    const id = this.#hashes++;
    return {
      update: async (bytes) => {
        await run({ id, algorithm, bytes });
      },
      digest: () => run({ id, algorithm }),
    };
  };

  async close(): Promise<void> {
    await this.#threads?.close();
  }
}

/** Resolves when a thread says that it is ready, or ends because it could not start. */
function firstMessage(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('message', () => resolve()).once('exit', () => resolve());
  });
}
