import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { descriptorLimit, threadLimit } from '../system-limits.js';
import { type WarningSink, warn } from '../warnings.js';
import { type Execution, execute } from './execute.js';
import type { Job, JobResult } from './worker.js';

/** `execute` with threads of its own. @throws ThreadLimitError, and as `execute` */
export async function executeInThreads(execution: Omit<Execution, 'workers'>): Promise<boolean[]> {
  const workers = new Workers(execution.jobs, execution);
  try {
    return await execute({ ...execution, workers });
  } finally {
    await workers.close();
  }
}

/**
 * Threads that run fill/worker.ts. They start at once. If the system gives fewer than asked for, those do the work.
 */
class Workers {
  readonly #threads: Thread[] = [];
  readonly #idle: Thread[];
  readonly #waiting: ((thread: Thread) => void)[] = [];

  /** @throws ThreadLimitError if not even one thread starts */
  constructor(count: number, to: WarningSink) {
    while (this.#threads.length < count) {
      try {
        this.#threads.push(new Thread());
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
    const thread = this.#idle.pop() ?? (await new Promise<Thread>((resolve) => this.#waiting.push(resolve)));
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
 * A thread that runs one job at a time. It is a pool of its own: a pool of several threads that gets only some of them is
 * lost as a whole, while they go on running.
 */
class Thread {
  readonly #pool: Piscina<Job, JobResult>;
  readonly #started: Promise<unknown>;
  /** Why the thread ended before it could take a job. */
  #failure: Error | undefined;
  /** Ends the running job. */
  #reject: (error: Error) => void = () => {};

  /** @throws the system's error */
  constructor() {
    this.#pool = new Piscina({
      // The bundled build has this module in another folder of dist/, one level below it too.
      filename: fileURLToPath(new URL('../fill/worker.js', import.meta.url)),
      name: 'fill',
      minThreads: 1,
      maxThreads: 1,
    });
    this.#started = Promise.all(this.#pool.threads.map(firstMessage));
    this.#pool.on('error', (error) => {
      this.#failure = error;
      this.#reject(error);
    });
  }

  run(job: Job): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      this.#reject = reject;
      this.#pool.run(job).then(resolve, reject);
    });
  }

  async close(): Promise<void> {
    // Wait for the start: about once in some hundred times Node aborts the whole process when a thread is ended while
    // it loads modules.
    await this.#started;
    // A failed thread leaves its job in the pool's queue, for whose end `close` would wait.
    await (this.#failure ? this.#pool.destroy() : this.#pool.close());
  }
}

/** Resolves when a thread says that it is ready, or ends because it could not start. */
function firstMessage(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('message', () => resolve()).once('exit', () => resolve());
  });
}
