import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { forward } from '../async/stream.js';
import { convert } from '../calls/conversions.js';
import { Hf2ggufError, ResourceError } from '../errors.js';
import { publish } from '../publish/publish.js';
import type { QuantName } from '../quantize/file-types.js';
import { NetworkError } from '../repo/errors.js';
import { withoutSecrets } from '../secrets.js';
import type { JobFile } from './api.js';
import { hubSource, tokenOf } from './model-plan.js';
import type { End, Queue, StoredJob } from './queue.js';

export interface WorkerOptions {
  readonly queue: Queue;
  /** Where files go: a folder for each job. */
  readonly folder: string;
  readonly endpoint?: string;
  /** Ends the worker; its job is given back, for another to go on with. */
  readonly signal: AbortSignal;
}

/** Milliseconds after which a job is taken over whose worker is silent, and between its words. */
const [LEASE, RENEWAL] = [15_000, 1_000];
/** Milliseconds between two looks at an empty queue. */
const PAUSE = 250;
/** Milliseconds between two notes of events. */
const NOTE = 250;
/** How often a job is begun that fails for the network's or this machine's sake, and the first pause, which doubles. */
const [MOST_ATTEMPTS, FIRST_PAUSE] = [5, 10_000];
/** Bytes that stay free on the disk. */
const SPARE = 2 ** 28;

/** Works on jobs until it is told to end. */
export async function work(options: WorkerOptions): Promise<void> {
  const { queue, folder, signal } = options;
  const name = randomBytes(8).toString('hex');
  await mkdir(folder, { recursive: true });
  while (!signal.aborted) {
    const { bavail, bsize } = await statfs(folder);
    const job = await queue.claim(name, LEASE, { room: bavail * bsize - SPARE });
    if (job) {
      await workOn(job, name, options);
    } else {
      await sleep(PAUSE, undefined, { signal }).catch(() => {});
    }
  }
}

/** The folder of a job's files. */
export function jobFolder(folder: string, id: string): string {
  return join(folder, id);
}

/** Removes what a job has made that ends without a result. What a part has made is removed with its job. */
async function removeOwn({ parent }: StoredJob, folder: string): Promise<void> {
  if (parent === null) {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes what lost workers of other machines have left beside files: whether those live, nobody else can tell. */
async function removeLeft(folder: string, files: readonly string[]): Promise<void> {
  for (const name of await readdir(folder)) {
    if (files.some((file) => name.startsWith(`${file}.`))) {
      await rm(join(folder, name), { force: true });
    }
  }
}

/** Removes the files of a job that has failed or was cancelled, and on which no worker is at work any more. */
export async function removeUseless(queue: Queue, folder: string, id: string): Promise<void> {
  const { state } = (await queue.get(id)) ?? {};
  if (state === 'failed' || state === 'cancelled') {
    await rm(jobFolder(folder, id), { recursive: true, force: true });
  }
}

async function workOn(job: StoredJob, name: string, { queue, folder, endpoint, signal }: WorkerOptions): Promise<void> {
  const own = jobFolder(folder, job.parent ?? job.id);
  await mkdir(own, { recursive: true });
  const stop = new AbortController();
  let isCancelled = false;
  const renewal = setInterval(async () => {
    const answer = await queue.renew(job.id, name, LEASE).catch(() => 'go on' as const);
    isCancelled = answer === 'cancelled';
    if (answer !== 'go on') {
      stop.abort();
    }
  }, RENEWAL);
  const notes = new Notes(queue, job.id, name);
  try {
    const end = await run(job, own, notes, AbortSignal.any([signal, stop.signal]), endpoint);
    await notes.close();
    if (isCancelled) {
      await removeOwn(job, own);
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

async function run(
  job: StoredJob,
  folder: string,
  notes: Notes,
  signal: AbortSignal,
  endpoint: string | undefined,
): Promise<End | 'interrupted' | 'later'> {
  const { source, commit, quant, splitMaxSize, part, publish: publication, attempts } = job;
  try {
    const params = {
      ...{ source: hubSource(source, commit), quant: quant as readonly QuantName[], signal, ...tokenOf(job) },
      ...(splitMaxSize !== null && { splitMaxSize }),
      ...(endpoint !== undefined && { endpoint }),
    };
    const hear = (event: Noted) => notes.add(event);
    if (publication === null) {
      const { files } = await forward(convert({ ...params, ...(part && { only: part }), output: `${folder}/` }), hear);
      await removeLeft(
        folder,
        files.map(({ path }) => basename(path)),
      );
      return { state: 'done', url: null, files: files.map(fileOf) };
    }
    const { files, url } = await forward(publish({ ...params, ...publication, keep: folder }), hear);
    const made = files.filter(({ type }) => quant.includes(type));
    return {
      ...{ state: 'done', url },
      files: made.flatMap(({ type, parts }) => parts.map(({ path, size }) => fileOf({ path, type, size }))),
    };
  } catch (error) {
    if (signal.aborted) {
      return 'interrupted';
    }
    if (PASSING.some((kind) => error instanceof kind) && attempts < MOST_ATTEMPTS) {
      return 'later';
    }
    await removeOwn(job, folder);
    const { what, next } =
      error instanceof Hf2ggufError
        ? error
        : { what: 'A bug stopped the conversion.', next: 'Please report it, with the name of the model.' };
    return { state: 'failed', failure: { what: withoutSecrets(what), next } };
  }
}

function fileOf({ path, type, size }: { path: string; type: string | null; size: number }): JobFile {
  return { name: basename(path), type, size };
}

/** Failures that may be over in a while. */
const PASSING = [NetworkError, ResourceError];

type Noted = { readonly event: string; readonly path?: string };

/** Events that are shown, noted a few times a second; of a stage's progress only the newest. */
class Notes {
  #waiting: Noted[] = [];
  #noting: Promise<void> = Promise.resolve();
  readonly #timer = setInterval(() => this.#note(), NOTE);

  constructor(
    readonly queue: Queue,
    readonly job: string,
    readonly worker: string,
  ) {}

  add(event: Noted): void {
    if (['plan', 'publication', 'done'].includes(event.event)) {
      return;
    }
    if (event.event === 'progress' && this.#waiting.at(-1)?.event === 'progress') {
      this.#waiting.pop();
    }
    // Where files are on this machine is nobody's business.
    this.#waiting.push(event.path === undefined ? event : { ...event, path: basename(event.path) });
  }

  #note(): void {
    const events = this.#waiting.splice(0);
    if (events.length > 0) {
      this.#noting = this.#noting.then(() => this.queue.append(this.job, this.worker, events)).catch(() => {});
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#note();
    await this.#noting;
  }
}
