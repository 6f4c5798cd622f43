import { link, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { forward } from '../../async/stream.js';
import { convert } from '../../calls/conversions.js';
import type { ConvertResult } from '../../calls/events.js';
import { Hf2ggufError, ResourceError } from '../../errors.js';
import type { WrittenFile } from '../../layout/written-file.js';
import { checkOf, measuredOf } from '../../publish/measured.js';
import type { Made, PublishResult } from '../../publish/params.js';
import { publish } from '../../publish/publish.js';
import type { QuantName } from '../../quantize/file-types.js';
import { NetworkError } from '../../repo/errors.js';
import { withoutSecrets } from '../../secrets.js';
import type { Failure, JobFile } from '../api.js';
import { LocalSourceError } from '../errors.js';
import type { End, Queue, StoredJob } from '../queue/queue.js';
import { isLocal, type LocalSources } from '../users/local-sources.js';
import { type Access, logInOver, type Reading, readAs } from '../users/reading.js';
import { hubSource, pin } from './model-plan.js';
import type { Noted } from './notes.js';
import { keepQuality, madeBy } from './quality.js';

/** What a worker has to make files with. */
export interface Workshop {
  readonly queue: Queue;
  /** Where files go: a folder for each job. */
  readonly folder: string;
  /** What the Hub is read with. */
  readonly access: Access;
  /** Folders of this machine that users may convert. */
  readonly local: LocalSources;
  /** Ends the work; what is done stays, for another to go on with. */
  readonly signal: AbortSignal;
}

/** How often a job is begun that fails for the network's or this machine's sake; and one that ends its workers. */
const [MOST_ATTEMPTS, MOST_BEGINNINGS] = [5, 25];
/** Failures that may be over in a while. */
const PASSING = [NetworkError, ResourceError];

/** The folder of a job's files. */
export function jobFolder(folder: string, id: string): string {
  return join(folder, id);
}

/** Removes what a job has made that ends without a result. What a part has made is removed with its job. */
export async function removeOwn({ id, parent }: StoredJob, folder: string): Promise<void> {
  if (parent === null) {
    await rm(jobFolder(folder, id), { recursive: true, force: true });
  }
}

/** Removes the files of a job that has failed or was cancelled, and on which no worker is at work any more. */
export async function removeUseless(queue: Queue, folder: string, id: string): Promise<void> {
  const { state } = (await queue.get(id)) ?? {};
  if (state === 'failed' || state === 'cancelled') {
    await rm(jobFolder(folder, id), { recursive: true, force: true });
  }
}

/** Removes what lost workers of other machines have left beside files: whether those live, nobody else can tell. */
async function removeLeft(folder: string, files: readonly WrittenFile[]): Promise<void> {
  const names = files.map(({ path }) => basename(path));
  for (const name of await readdir(folder)) {
    if (names.some((own) => name.startsWith(`${own}.`))) {
      await rm(join(folder, name), { force: true });
    }
  }
}

/** Makes the files of a job, and publishes them where it says so. */
export async function makeFiles(
  job: StoredJob,
  shop: Workshop,
  hear: (event: Noted) => void,
): Promise<End | 'interrupted' | 'later'> {
  const { quant, check, splitMaxSize, part, publish: publication, attempts } = job;
  const { local, signal } = shop;
  if (attempts > MOST_BEGINNINGS) {
    const what = `This was begun ${MOST_BEGINNINGS} times, and never ended: each worker was lost or stopped.`;
    return { state: 'failed', failure: { what, next: 'Ask whoever runs this server: its memory may not suffice.' } };
  }
  const folder = jobFolder(shop.folder, job.parent ?? job.id);
  /** Files that are whole, while they are measured. */
  const written: WrittenFile[] = [];
  try {
    const reading = { ...(await readAs(job, shop.access)), signal };
    const source = await placeOf(job, local, reading);
    const params = {
      ...{ ...reading, source, quant: quant as readonly QuantName[], check },
      ...(splitMaxSize !== null && { splitMaxSize }),
    };
    if (publication !== null) {
      const made = await takeOver(job, shop);
      const own = { ...params, ...publication, keep: folder, ...(made && { made }) };
      return await published(job, folder, await forward(publish(own), hear));
    }
    const own = { ...params, ...(part && { only: part }), output: `${folder}/` };
    const result = await forward(convert(own), (event) => {
      if (event.event === 'file') {
        written.push(event);
      }
      hear(event);
    });
    await removeLeft(folder, result.files);
    return await converted(job, folder, result);
  } catch (error) {
    if (signal.aborted) {
      return 'interrupted';
    }
    const failure = inWords(job.user === null ? error : logInOver(error), local);
    const isWhole = quant.every((type) => written.some((file) => file.type === type));
    if (check && isWhole && !(error instanceof NetworkError)) {
      // The files are worth having without their figures.
      hear({ event: 'warning', ...failure });
      return await converted(job, folder, { files: written });
    }
    if (PASSING.some((kind) => error instanceof kind) && attempts < MOST_ATTEMPTS) {
      return 'later';
    }
    await removeOwn(job, shop.folder);
    return { state: 'failed', failure };
  }
}

function inWords(error: unknown, local: LocalSources): Failure {
  const { what, next } =
    error instanceof Hf2ggufError
      ? error
      : { what: 'A bug stopped the conversion.', next: 'Please report it, with the name of the model.' };
  return { what: local.named(withoutSecrets(what)), next: local.named(next) };
}

/** Where a job's source is: at its commit on the Hub, or in a folder that is as it was. @throws LocalSourceError */
async function placeOf({ source, commit }: StoredJob, local: LocalSources, reading: Reading): Promise<string> {
  if (!isLocal(source)) {
    return hubSource(source, commit);
  }
  const now = await pin(source, local, reading);
  if (now.commit !== commit) {
    throw new LocalSourceError(`${source} has changed since this job was started.`, 'Start it again.');
  }
  return now.place;
}

async function converted(
  { source }: StoredJob,
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
async function takeOver({ id, from }: StoredJob, { queue, folder }: Workshop): Promise<Made | null> {
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
