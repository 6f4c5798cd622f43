import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import type { Logger } from 'pino';
import { registerSecret } from '../secrets.js';
import { makeApp } from './app.js';
import { ListenError, ServeTokenError } from './errors.js';
import { EventStreams } from './event-streams.js';
import { makeLogger } from './observe.js';
import type { Queue } from './queue.js';
import { RedisQueue } from './redis-queue.js';
import { Sessions } from './sessions.js';
import { SqliteQueue } from './sqlite-queue.js';
import { jobFolder, removeUseless, work } from './worker.js';

export interface ServeOptions {
  /** @default 7860 */
  readonly port?: number;
  /** The address to listen at; another one than a loopback address needs `auth`. @default '127.0.0.1' */
  readonly host?: string;
  /** How users log in: with HF2GGUF_SERVE_TOKEN. @default not at all */
  readonly auth?: 'token';
  /** Where jobs and their files are. @default 'hf2gguf-data' */
  readonly data?: string;
  /** The address of a Redis that has the jobs, for workers of several machines. @default HF2GGUF_REDIS_URL, or a file in `data` */
  readonly redis?: string;
  /** Processes that convert. @default 1 */
  readonly workers?: number;
  /** Bytes of files from which on workers share an order of several. @default 4 GiB with Redis, else never */
  readonly shareFrom?: number;
  /** Days after which jobs that have ended are removed with their files. @default 7 */
  readonly keepDays?: number;
  readonly signal: AbortSignal;
  /** Called once the server listens. */
  onListening?(address: string): void;
}

const DEFAULT_HOST = '127.0.0.1';
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];
/** So long that nobody guesses it. */
const SHORTEST_TOKEN = 16;
const [DEFAULT_PORT, DEFAULT_DATA] = [7860, 'hf2gguf-data'];
/** Milliseconds. */
const DAY = 24 * 60 * 60 * 1000;
/** Milliseconds between two looks for jobs whose time is over. */
const SWEEP = 60_000;
/** Milliseconds until a worker that ended by itself is started again. */
const PAUSE = 1000;
/** With Redis there may be workers on several machines. */
const SHARE_FROM = 2 ** 32;
/** Milliseconds that a Redis that was lost has to come again once a process is told to end. */
const PATIENCE = 5000;

const places = (data = DEFAULT_DATA) => {
  const folder = resolve(data);
  return { folder, file: join(folder, 'queue.db'), jobs: join(folder, 'jobs'), key: join(folder, 'session.key') };
};

/**
 * The page and its interface, with workers as processes of their own, until the signal. Running jobs are given back then,
 * and the next server goes on with them.
 * @throws ListenError, RedisError, ServeTokenError
 */
export async function serve(options: ServeOptions): Promise<void> {
  const {
    port = DEFAULT_PORT,
    host = DEFAULT_HOST,
    workers = 1,
    keepDays = 7,
    shareFrom = redisOf(options) ? SHARE_FROM : Number.POSITIVE_INFINITY,
    signal,
    onListening,
  } = options;
  const { folder, jobs, key } = places(options.data);
  const isLoopback = LOOPBACK.includes(host);
  const token = logInToken(options.auth, isLoopback);
  await mkdir(folder, { recursive: true });
  const sessions = await Sessions.open(key, token);
  const log = makeLogger();
  const queue = await openQueue(options, log);
  const streams = new EventStreams(queue);
  const page = fileURLToPath(new URL('../page/', import.meta.url));
  const app = makeApp({ queue, streams, sessions, isLoopback, shareFrom, folder: jobs, page, log });
  const server = createAdaptorServer({ fetch: app.fetch });
  const sweep = () => removeOld(queue, jobs, Date.now() - keepDays * DAY);
  const sweeping = setInterval(sweep, SWEEP);
  try {
    server.listen(port, host);
    await once(server, 'listening', { signal });
    onListening?.(`http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}/`);
    await Promise.all(Array.from({ length: workers }, () => keepWorker(folder, options.redis, signal)));
    if (workers === 0) {
      await once(signal, 'abort');
    }
  } catch (error) {
    if (!signal.aborted) {
      const { message } = error as Error;
      throw new ListenError(`Port ${port} cannot be listened on: ${message}.`, 'Name another with --port.');
    }
  } finally {
    clearInterval(sweeping);
    streams.close();
    server.close();
    if ('closeAllConnections' in server) {
      server.closeAllConnections();
    }
    await queue.close();
  }
}

async function removeOld(queue: Queue, folder: string, before: number): Promise<void> {
  for (const id of await queue.expire(before).catch(() => [])) {
    await rm(jobFolder(folder, id), { recursive: true, force: true });
  }
  for (const id of await readdir(folder).catch(() => [])) {
    await removeUseless(queue, folder, id).catch(() => {});
  }
}

/** What users log in with; null where they need not. @throws ServeTokenError */
function logInToken(auth: ServeOptions['auth'], isLoopback: boolean): string | null {
  const token = process.env.HF2GGUF_SERVE_TOKEN ?? '';
  if (auth === undefined && !isLoopback) {
    throw new ServeTokenError('A server for other machines needs a log-in.', 'Give --auth token, or leave --host out.');
  }
  if (auth === 'token' && token.length < SHORTEST_TOKEN) {
    throw new ServeTokenError(
      `HF2GGUF_SERVE_TOKEN has ${token.length} characters; users log in with it.`,
      `Set it to ${SHORTEST_TOKEN} or more that nobody guesses, such as what \`openssl rand -hex 24\` prints.`,
    );
  }
  registerSecret(token);
  return auth === undefined ? null : token;
}

type QueueOptions = Pick<ServeOptions, 'data' | 'redis' | 'signal'>;

/** The address of the Redis that has the jobs. */
function redisOf({ redis = process.env.HF2GGUF_REDIS_URL }: Pick<ServeOptions, 'redis'>): string | null {
  return redis || null;
}

/** Where the jobs are: in Redis, or in a file of the data folder. @throws RedisError */
async function openQueue(options: QueueOptions, log: Logger): Promise<Queue> {
  const { data, signal } = options;
  const redis = redisOf(options);
  if (redis === null) {
    return new SqliteQueue(places(data).file);
  }
  const queue = await RedisQueue.open(redis, { emit: (warning) => log.warn(warning) });
  signal.addEventListener('abort', () => setTimeout(() => queue.close(), PATIENCE).unref());
  return queue;
}

/** Works on the jobs of a data folder, until the signal. @throws RedisError */
export async function runWorker(options: QueueOptions): Promise<void> {
  const { signal } = options;
  const queue = await openQueue(options, makeLogger());
  try {
    await work({ queue, folder: places(options.data).jobs, signal });
  } finally {
    await queue.close();
  }
}

/** A worker of its own process, in whose place another one comes when it ends. */
async function keepWorker(folder: string, redis: string | undefined, signal: AbortSignal): Promise<void> {
  const cli = fileURLToPath(new URL('../cli/main.js', import.meta.url));
  while (!signal.aborted) {
    const child: ChildProcess = spawn(process.execPath, [cli, 'worker', '--data', folder], {
      stdio: ['ignore', 'inherit', 'inherit'],
      // Arguments are seen by everybody on a machine, and the address may hold a password.
      env: { ...process.env, ...(redis !== undefined && { HF2GGUF_REDIS_URL: redis }) },
    });
    const stop = () => child.kill('SIGTERM');
    signal.addEventListener('abort', stop);
    await once(child, 'exit');
    signal.removeEventListener('abort', stop);
    await sleep(PAUSE, undefined, { signal }).catch(() => {});
  }
}
