import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { type Execution, execute } from './execute.js';
import type { Job, JobResult } from './worker.js';

/** `execute` with threads of its own. @throws as `execute` */
export async function executeInThreads(execution: Omit<Execution, 'workers'>): Promise<boolean[]> {
  const workers = new Workers(execution.jobs);
  try {
    return await execute({ ...execution, workers });
  } finally {
    await workers.close();
  }
}

/** A pool of threads that run fill/worker.ts. They start at once. */
class Workers {
  readonly #pool: Piscina<Job, JobResult>;
  readonly #started: Promise<unknown>;

  constructor(count: number) {
    this.#pool = new Piscina({
      // The bundled build has this module in another folder of dist/, one level below it too.
      filename: fileURLToPath(new URL('../fill/worker.js', import.meta.url)),
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
    // Wait for the start: about once in some hundred times Node aborts the whole process when a thread is ended while
    // it loads modules.
    await this.#started;
    await this.#pool.close();
  }
}

/** Resolves when a thread says that it is ready, or ends because it could not start. */
function firstMessage(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('message', () => resolve()).once('exit', () => resolve());
  });
}
