import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Job, JobResult } from './worker.js';

/** Threads that fill; they start at once. */
export class Workers {
  readonly #pool: Piscina<Job, JobResult>;
  readonly #started: Promise<unknown>;

  constructor(count: number) {
    this.#pool = new Piscina({
      filename: fileURLToPath(new URL('./worker.js', import.meta.url)),
      name: 'fill',
      minThreads: count,
      maxThreads: count,
    });
    this.#started = Promise.all(this.#pool.threads.map(firstMessage));
  }

  run(job: Job): Promise<JobResult> {
    return this.#pool.run(job);
  }

  async close(): Promise<void> {
    // Node aborts the whole process, once in some hundred times, when a thread is ended while it loads modules.
    await this.#started;
    await this.#pool.close();
  }
}

/** A thread says that it is ready; one that fails to start ends. */
function firstMessage(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('message', () => resolve()).once('exit', () => resolve());
  });
}
