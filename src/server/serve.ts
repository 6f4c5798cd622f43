import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import { registerSecret } from '../secrets.js';
import { makeApp } from './app.js';
import { ListenError, ServeTokenError } from './errors.js';
import { EventStreams } from './event-streams.js';
import { makeLogger } from './observe.js';
import type { Queue } from './queue.js';
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
  /** Processes that convert. @default 1 */
  readonly workers?: number;
  /** Bytes of files from which on workers share an order of several. @default never */
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

const places = (data = DEFAULT_DATA) => {
  const folder = resolve(data);
  return { folder, queue: join(folder, 'queue.db'), jobs: join(folder, 'jobs'), key: join(folder, 'session.key') };
};

/**
 * The page and its interface, with workers as processes of their own, until the signal. Running jobs are given back then,
 * and the next server goes on with them.
 * @throws ListenError, ServeTokenError
 */
export async function serve(options: ServeOptions): Promise<void> {
  const {
    port = DEFAULT_PORT,
    host = DEFAULT_HOST,
    workers = 1,
    keepDays = 7,
    shareFrom = Number.POSITIVE_INFINITY,
    signal,
    onListening,
  } = options;
  const { folder, queue: file, jobs, key } = places(options.data);
  const isLoopback = LOOPBACK.includes(host);
  const token = logInToken(options.auth, isLoopback);
  await mkdir(folder, { recursive: true });
  const sessions = await Sessions.open(key, token);
  const queue = new SqliteQueue(file);
  const streams = new EventStreams(queue);
  const page = fileURLToPath(new URL('../page/', import.meta.url));
  const app = makeApp({ queue, streams, sessions, isLoopback, shareFrom, folder: jobs, page, log: makeLogger() });
  const server = createAdaptorServer({ fetch: app.fetch });
  const sweep = () => removeOld(queue, jobs, Date.now() - keepDays * DAY);
  const sweeping = setInterval(sweep, SWEEP);
  try {
    server.listen(port, host);
    await once(server, 'listening', { signal });
    onListening?.(`http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}/`);
    await Promise.all(Array.from({ length: workers }, () => keepWorker(folder, signal)));
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

/** Works on the jobs of a data folder, until the signal. */
export async function runWorker({ data, signal }: Pick<ServeOptions, 'data' | 'signal'>): Promise<void> {
  const { queue: file, jobs } = places(data);
  const queue = new SqliteQueue(file);
  try {
    await work({ queue, folder: jobs, signal });
  } finally {
    await queue.close();
  }
}

/** A worker of its own process, in whose place another one comes when it ends. */
async function keepWorker(folder: string, signal: AbortSignal): Promise<void> {
  const cli = fileURLToPath(new URL('../cli/main.js', import.meta.url));
  while (!signal.aborted) {
    const child: ChildProcess = spawn(process.execPath, [cli, 'worker', '--data', folder], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const stop = () => child.kill('SIGTERM');
    signal.addEventListener('abort', stop);
    await once(child, 'exit');
    signal.removeEventListener('abort', stop);
    await sleep(PAUSE, undefined, { signal }).catch(() => {});
  }
}
