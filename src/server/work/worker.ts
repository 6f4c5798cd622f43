import { randomBytes } from 'node:crypto';
import { mkdir, statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredJob } from '../queue/queue.js';
import { jobFolder, makeFiles, removeOwn, removeUseless, type Workshop } from './make-files.js';
import { Notes } from './notes.js';

export interface WorkerOptions extends Workshop {
  /** Jobs of one user that run at a time, on all workers together. @default any number */
  readonly perUser?: number;
}

/** Milliseconds after which a job is taken over whose worker is silent, and between its words. */
const [LEASE, RENEWAL] = [15_000, 1_000];
/** Milliseconds between two looks at an empty queue. */
const PAUSE = 250;
/** Milliseconds that a job waits that failed for the network's or this machine's sake; they double each time. */
const FIRST_PAUSE = 10_000;
/** Bytes that stay free on the disk. */
const SPARE = 2 ** 28;

/** Works on jobs until the signal; a job that runs then is given back, for another to go on with. */
export async function work(options: WorkerOptions): Promise<void> {
  const { queue, folder, perUser, signal } = options;
  const name = randomBytes(8).toString('hex');
  await mkdir(folder, { recursive: true });
  while (!signal.aborted) {
    const { bavail, bsize } = await statfs(folder);
    const job = await queue.claim(name, LEASE, {
      room: bavail * bsize - SPARE,
      ...(perUser !== undefined && { perUser }),
    });
    if (job) {
      await workOn(job, name, options);
    } else {
      await sleep(PAUSE, undefined, { signal }).catch(() => {});
    }
  }
}

async function workOn(job: StoredJob, name: string, options: WorkerOptions): Promise<void> {
  const { queue, folder, local, signal } = options;
  await mkdir(jobFolder(folder, job.parent ?? job.id), { recursive: true });
  const stop = new AbortController();
  let isCancelled = false;
  const renewal = setInterval(async () => {
    const answer = await queue.renew(job.id, name, LEASE).catch(() => 'go on' as const);
    isCancelled = answer === 'cancelled';
    if (answer !== 'go on') {
      stop.abort();
    }
  }, RENEWAL);
  const notes = new Notes(queue, job.id, name, local);
  try {
    const shop = { ...options, signal: AbortSignal.any([signal, stop.signal]) };
    const end = await makeFiles(job, shop, (event) => notes.add(event));
    await notes.close();
    if (isCancelled) {
      await removeOwn(job, folder);
      await queue.finish(job.id, name, { state: 'cancelled' });
    } else if (end === 'interrupted') {
      await queue.release(job.id, name);
    } else if (end === 'later') {
      await queue.release(job.id, name, FIRST_PAUSE * 2 ** (job.attempts - 1));
    } else {
      await queue.finish(job.id, name, end);
    }
    if (job.parent !== null) {
      await removeUseless(queue, folder, job.parent);
    }
  } finally {
    clearInterval(renewal);
  }
}
