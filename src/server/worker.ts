import { randomBytes } from 'node:crypto';
import { link, mkdir, rm, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { forward } from '../async/stream.js';
import { convert } from '../calls/conversions.js';
import type { ConvertResult } from '../calls/events.js';
import { Hf2ggufError, ResourceError } from '../errors.js';
import type { WrittenFile } from '../layout/written-file.js';
import { checkOf, measuredOf } from '../publish/measured.js';
import type { Made, PublishResult } from '../publish/params.js';
import { publish } from '../publish/publish.js';
import type { QuantName } from '../quantize/file-types.js';
import { NetworkError } from '../repo/errors.js';
import { withoutSecrets } from '../secrets.js';
import type { Failure, JobFile } from './api.js';
import { hubSource, tokenOf } from './model-plan.js';
import { keepQuality, madeBy } from './quality.js';
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

async function workOn(job: StoredJob, name: string, options: WorkerOptions): Promise<void> {
  const { queue, folder, signal } = options;
  const own = jobFolder(folder, job.id);
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
    const end = await run(job, options, notes, AbortSignal.any([signal, stop.signal]));
    await notes.close();
    if (isCancelled) {
      await rm(own, { recursive: true, force: true });
      await queue.finish(job.id, name, { state: 'cancelled' });
    } else if (end === 'interrupted') {
      await queue.release(job.id, name);
    } else if (end === 'later') {
      await queue.release(job.id, name, FIRST_PAUSE * 2 ** (job.attempts - 1));
    } else {
      await queue.finish(job.id, name, end);
    }
  } finally {
    clearInterval(renewal);
  }
}

async function run(
  job: StoredJob,
  options: WorkerOptions,
  notes: Notes,
  signal: AbortSignal,
): Promise<End | 'interrupted' | 'later'> {
  const { source, commit, quant, check, publish: publication, attempts } = job;
  const folder = jobFolder(options.folder, job.id);
  const params = {
    ...{ source: hubSource(source, commit), quant: quant as readonly QuantName[], check, signal, ...tokenOf(job) },
    ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
  };
  /** Files that are whole, while they are measured. */
  const written: WrittenFile[] = [];
  const hear = (event: Noted) => notes.add(event);
  try {
    if (publication !== null) {
      const made = await takeOver(job, options);
      const own = { ...params, ...publication, keep: folder, ...(made && { made }) };
      return await published(job, folder, await forward(publish(own), hear));
    }
    const result = await forward(convert({ ...params, output: `${folder}/` }), (event) => {
      if (event.event === 'file') {
        written.push(event);
      }
      hear(event);
    });
    return await converted(source, folder, result);
  } catch (error) {
    if (signal.aborted) {
      return 'interrupted';
    }
    const failure = inWords(error);
    const isWhole = quant.every((type) => written.some((file) => file.type === type));
    if (check && isWhole && !(error instanceof NetworkError)) {
      // The files are worth having without their figures.
      notes.add({ event: 'warning', ...failure });
      return await converted(source, folder, { files: written });
    }
    if (PASSING.some((kind) => error instanceof kind) && attempts < MOST_ATTEMPTS) {
      return 'later';
    }
    await rm(folder, { recursive: true, force: true });
    return { state: 'failed', failure };
  }
}

function inWords(error: unknown): Failure {
  const { what, next } =
    error instanceof Hf2ggufError
      ? error
      : { what: 'A bug stopped the conversion.', next: 'Please report it, with the name of the model.' };
  return { what: withoutSecrets(what), next };
}

async function converted(
  source: string,
  folder: string,
  { files: written, check }: Pick<ConvertResult, 'files' | 'check'>,
): Promise<End> {
  const files = written.map(fileOf);
  const measured = check?.models.map((model) => {
    return { type: written.find(({ path }) => path === model.source)?.type ?? '', measured: measuredOf(model) };
  });
  const quality = check && (await keepQuality(folder, source, files, { check: checkOf(check), files: measured ?? [] }));
  return { state: 'done', url: null, files, quality: quality ?? null };
}

async function published(
  { source, quant }: StoredJob,
  folder: string,
  { files: all, check, url }: PublishResult,
): Promise<End> {
  const made = all.filter(({ type }) => quant.includes(type));
  const files = made.flatMap(({ type, parts }) => parts.map(({ path, size }) => fileOf({ path, type, size })));
  return { state: 'done', url, files, quality: await keepQuality(folder, source, files, { check, files: made }) };
}

/** The files of a finished job, as those of another one too; null where they are not there any more. */
async function takeOver({ id, from }: StoredJob, { queue, folder }: WorkerOptions): Promise<Made | null> {
  const finished = from === null ? null : await queue.get(from);
  if (finished?.state !== 'done') {
    return null;
  }
  try {
    for (const { name } of finished.files) {
      const target = join(jobFolder(folder, id), name);
      await rm(target, { force: true });
      await link(join(jobFolder(folder, finished.id), name), target);
    }
    return madeBy(finished);
  } catch {
    // A disk that knows no links, or whose files are gone.
    return null;
  }
}

function fileOf({ path, type, size }: { path: string; type: string | null; size: number }): JobFile {
  return { name: basename(path), type, size };
}

/** Failures that may be over in a while. */
const PASSING = [NetworkError, ResourceError];

type Noted = { readonly event: string; readonly path?: string };

/** Large ones, and such as hold paths of this machine. */
const UNSHOWN = ['plan', 'publication', 'measured', 'done'];

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
    if (UNSHOWN.includes(event.event)) {
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
