import { createHash, randomBytes } from 'node:crypto';
import { Queue as Attempts, createRedisBackend, ErrorCode, Job } from 'bullmq';
import { Redis } from 'ioredis';
import { registerSecretsOf } from '../../secrets.js';
import { type WarningSink, warn } from '../../warnings.js';
import { JOB_STATES, type JobEvent, type JobState } from '../api.js';
import { RedisError } from '../errors.js';
import type { End, Limits, OpenJobs, Order, Queue, StoredEvent, StoredJob, Work } from './queue.js';
import { SCRIPT } from './redis-script.js';

const SHA = createHash('sha1').update(SCRIPT).digest('hex');
/** Where a process keeps all of its keys unless it is told otherwise. */
const PREFIX = 'hf2gguf';
/** What BullMQ answers a worker that has lost its job. */
const LOST: readonly unknown[] = [ErrorCode.JobNotExist, ErrorCode.JobLockNotExist, ErrorCode.JobLockMismatch];
/** What Redis should be at least, as numbers. */
const OLDEST = [6, 2] as const;
/** Milliseconds between two tries to reach a Redis that was lost, at most. */
const LONGEST_PAUSE = 2000;

/** How an attempt at a job ended: with the job, or so that it waits again. */
type Result =
  | { readonly state: 'queued'; readonly pause: number }
  | ({ readonly state: JobState } & Readonly<Record<'files' | 'quality' | 'url' | 'failure', string>>);

type Shared = Pick<StoredJob, 'parts' | 'part'>;

/** Fields and values by turns. */
type Flat = readonly string[];
type Entry = readonly [id: string, fields: Flat];

/**
 * The queue in Redis, for the processes of several machines. BullMQ has the attempts at jobs: it hands each to one worker, under a
 * lease that the worker renews, and takes it from one that is lost. What it does not know is the script's: orders and their
 * owners, one job for equal orders, turns between users, jobs' events and wishes to cancel. A job is given to BullMQ when its
 * turn has come, and leaves it with the end of the attempt; the script learns from BullMQ's events what became of it.
 */
export class RedisQueue implements Queue {
  readonly #attempts: Attempts;
  readonly #prefix: string;
  /** What BullMQ looks at whenever it hands a job out, or looks for lost ones. */
  readonly #leases = { lockDuration: 0, stalledInterval: 1, maxStalledCount: Number.MAX_SAFE_INTEGER };
  #isClosed = false;

  constructor(
    readonly redis: Redis,
    prefix = PREFIX,
  ) {
    this.#prefix = prefix;
    const options = Object.assign(this.#leases, { connection: redis, prefix, skipVersionCheck: true });
    this.#attempts = new Attempts('attempts', options, () => createRedisBackend('attempts', options));
    // Without a listener they are printed; who cares hears of them in `open`.
    this.#attempts.on('error', () => {});
  }

  /**
   * A queue whose Redis is there; when that is lost later, everything waits for it.
   * @throws RedisError
   */
  static async open(url: string, to: WarningSink): Promise<RedisQueue> {
    registerSecretsOf({ HF2GGUF_REDIS_URL: url });
    const host = hostOf(url);
    const queue = new RedisQueue(
      new Redis(url, {
        ...{ lazyConnect: true, maxRetriesPerRequest: null },
        retryStrategy: (times) => Math.min(times * 100, LONGEST_PAUSE),
      }),
    );
    await queue.#connect(host, to);
    return queue;
  }

  async #connect(host: string, to: WarningSink): Promise<void> {
    const { redis } = this;
    let why: Error | undefined;
    const note = (error: Error) => {
      why ??= error;
    };
    redis.on('error', note);
    try {
      await this.#attempts.waitUntilReady();
      const info = await redis.info();
      for (const [what, next] of doubts(info)) {
        warn(to, what, next);
      }
    } catch (error) {
      redis.disconnect();
      throw unreachable(host, why ?? (error as Error));
    } finally {
      redis.off('error', note);
    }
    let isThere = true;
    const tell = (now: boolean) => {
      if (now !== isThere && !this.#isClosed) {
        isThere = now;
        warn(to, `Redis at ${host} ${now ? 'is there again' : 'was lost; everything waits until it is there again'}.`);
      }
    };
    redis.on('ready', () => tell(true)).on('close', () => tell(false));
  }

  async submit({ owner, key, size, parts, ...work }: Order): Promise<{ job: StoredJob; isNew: boolean }> {
    const fresh = randomBytes(12).toString('hex');
    const textOf = (shared: Shared) => JSON.stringify({ ...work, ...shared });
    const pieces = parts.flatMap((part) => [part.size, textOf({ parts: [], part: part.files })]);
    const id = await this.#do<string>('submit', fresh, owner, key, size, textOf({ parts, part: null }), ...pieces);
    return { job: (await this.get(id)) as StoredJob, isNew: id === fresh };
  }

  async get(id: string): Promise<StoredJob | null> {
    return jobOf(await this.#do<Flat>('get', id));
  }

  async list(owner: string): Promise<StoredJob[]> {
    return (await this.#do<Flat[]>('list', owner)).flatMap((fields) => jobOf(fields) ?? []);
  }

  async isOwner(id: string, owner: string): Promise<boolean> {
    return (await this.#do<number>('owns', id, owner)) === 1;
  }

  async place(id: string): Promise<number | null> {
    return this.#do<number | null>('place', id);
  }

  async open(owner: string): Promise<OpenJobs> {
    const [jobs, bytes] = await this.#do<[number, number]>('open', owner);
    return { jobs, bytes };
  }

  async cancel(id: string): Promise<void> {
    await this.#do('cancel', id);
  }

  async claim(worker: string, lease: number, limits: Limits): Promise<StoredJob | null> {
    const { room, perUser = Number.MAX_SAFE_INTEGER } = limits;
    const { backend } = this.#attempts;
    if ((await this.#do<number>('suspect')) > 0) {
      for (const id of await backend.moveStalledJobsToWait()) {
        // It takes its turn again.
        await backend.remove(id, false);
      }
    }
    this.#leases.lockDuration = lease;
    for (;;) {
      const chosen = await this.#do<string | null>('choose', Math.floor(room), perUser);
      if (chosen !== null) {
        // Nothing happens if another worker has given it to BullMQ meanwhile.
        await this.#attempts.add('attempt', {}, { jobId: chosen, removeOnComplete: true });
      }
      const [, id] = (await backend.moveToActive(worker)) as [unknown, string | undefined];
      if (id) {
        const job = await this.get(id);
        if (job?.state === 'running') {
          return job;
        }
        // It had ended while it waited in BullMQ.
        await this.#end(id, worker, { state: 'queued', pause: 0 });
      } else if (chosen === null) {
        return null;
      }
    }
  }

  async renew(id: string, worker: string, lease: number): Promise<'go on' | 'cancelled' | 'lost'> {
    if ((await this.#attempts.backend.extendLock(id, worker, lease)) !== 1) {
      return 'lost';
    }
    return (await this.#do<string>('wanted', id)) === '1' ? 'go on' : 'cancelled';
  }

  async release(id: string, worker: string, pause = 0): Promise<void> {
    await this.#end(id, worker, { state: 'queued', pause });
  }

  async append(id: string, worker: string, events: readonly JobEvent[]): Promise<void> {
    await this.#do('append', id, worker, ...events.flatMap((event) => [event.event, JSON.stringify(event)]));
  }

  async finish(id: string, worker: string, end: End): Promise<void> {
    const { files, quality, url } = end.state === 'done' ? end : { files: [], quality: null, url: null };
    await this.#end(id, worker, {
      ...{ state: end.state, files: JSON.stringify(files), url: url ?? '' },
      quality: quality === null ? '' : JSON.stringify(quality),
      failure: end.state === 'failed' ? JSON.stringify(end.failure) : '',
    });
  }

  async eventsOf(id: string, after: number): Promise<StoredEvent[]> {
    return (await this.#do<Entry[]>('eventsOf', id, next(after))).map(eventOf);
  }

  async eventsAfter(after: number): Promise<StoredEvent[]> {
    return (await this.#do<Entry[]>('eventsFrom', next(after))).map(eventOf);
  }

  async lastEvent(): Promise<number> {
    return Number((await this.#do<string | null>('lastEvent')) ?? 0);
  }

  async expire(before: number): Promise<string[]> {
    return this.#do<string[]>('expire', before);
  }

  async counts(): Promise<Record<JobState, number>> {
    const counts = await this.#do<number[]>('counts', ...JOB_STATES);
    return Object.fromEntries(JOB_STATES.map((state, i) => [state, counts[i] ?? 0])) as Record<JobState, number>;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.redis.disconnect();
  }

  /** The end of an attempt; none if the worker has lost it. */
  async #end(id: string, worker: string, result: Result): Promise<void> {
    try {
      const attempt = await Job.fromId(this.#attempts, id);
      await attempt?.moveToCompleted(result, worker, false);
    } catch (error) {
      if (!LOST.includes((error as { code?: unknown }).code)) {
        throw error;
      }
    }
  }

  /** @throws RedisError where Redis is full, or allows too little. */
  async #do<Answer>(command: string, ...values: readonly (string | number)[]): Promise<Answer> {
    const all = [this.#prefix, command, ...values];
    try {
      const known = this.redis.evalsha(SHA, 0, ...all);
      return (await known.catch((error: Error) => {
        return error.message.startsWith('NOSCRIPT') ? this.redis.eval(SCRIPT, 0, ...all) : Promise.reject(error);
      })) as Answer;
    } catch (error) {
      const { name, message } = error as Error;
      throw name === 'ReplyError'
        ? new RedisError(
            `Redis refuses a command: ${message.replace(/[.]+$/, '')}.`,
            'Give it more memory, or this user more rights.',
          )
        : error;
    }
  }
}

/** @throws RedisError */
function hostOf(url: string): string {
  try {
    const { protocol, password, host } = new URL(url);
    decodeURIComponent(password);
    if (['redis:', 'rediss:'].includes(protocol) && host !== '') {
      return host;
    }
  } catch {
    // What is no URL is no address of a Redis either.
  }
  throw new RedisError('This is no address of a Redis.', 'Give one such as redis://HOST:6379, or rediss:// for TLS.');
}

function unreachable(host: string, { message }: Error): RedisError {
  return /^(NOAUTH|WRONGPASS)/.test(message)
    ? new RedisError(`Redis at ${host} wants another password.`, 'Correct that in --redis or HF2GGUF_REDIS_URL.')
    : new RedisError(`Redis at ${host} does not answer: ${message}.`, 'Start it, or correct the address in --redis.');
}

/** What makes a Redis unfit for jobs, from its own words. */
function doubts(info: string): (readonly [what: string, next: string])[] {
  const value = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1] ?? '';
  const [version, policy] = [value('redis_version'), value('maxmemory_policy')];
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return [
    ...(major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])
      ? ([
          [`Redis ${version} is older than ${OLDEST.join('.')}, which BullMQ is made for.`, 'Install a newer one.'],
        ] as const)
      : []),
    ...(policy !== '' && policy !== 'noeviction'
      ? ([
          [
            `Redis forgets keys when its memory is full (maxmemory-policy ${policy}), and jobs with them.`,
            'Set maxmemory-policy to noeviction.',
          ],
        ] as const)
      : []),
  ];
}

/** The place in a stream after an event. */
const next = (after: number) => `${Math.max(0, after) + 1}-0`;

const named = (fields: Flat): Readonly<Record<string, string>> => {
  return Object.fromEntries(Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i], fields[2 * i + 1]]));
};

function eventOf([id, fields]: Entry): StoredEvent {
  const { job = '', kind = '', text = '' } = named(fields);
  return { id: Number.parseInt(id, 10), job, kind, text };
}

function jobOf(fields: Flat): StoredJob | null {
  if (fields.length === 0) {
    return null;
  }
  const { id = '', work = '', state, size, created, ended, attempts, files, quality, url, failure } = named(fields);
  return {
    ...(JSON.parse(work) as Work & Shared),
    ...{ id, parent: id.includes('.') ? id.slice(0, id.indexOf('.')) : null },
    ...{ state: state as JobState, size: Number(size), created: Number(created), attempts: Number(attempts) },
    ended: ended ? Number(ended) : null,
    files: files ? JSON.parse(files) : [],
    quality: quality ? JSON.parse(quality) : null,
    url: url || null,
    failure: failure ? JSON.parse(failure) : null,
  };
}
