import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import { makeApp } from './app.js';
import { ListenError } from './errors.js';
import { EventStreams } from './event-streams.js';
import { makeLogger } from './observe.js';
import { SqliteQueue } from './sqlite-queue.js';
import { work } from './worker.js';

export interface ServeOptions {
  /** @default 7860 */
  readonly port?: number;
  /** Where jobs and their files are. @default 'hf2gguf-data' */
  readonly data?: string;
  /** Processes that convert. @default 1 */
  readonly workers?: number;
  readonly signal: AbortSignal;
  /** Called once the server listens. */
  onListening?(address: string): void;
}

const HOST = '127.0.0.1';
const [DEFAULT_PORT, DEFAULT_DATA] = [7860, 'hf2gguf-data'];
/** Milliseconds until a worker that ended by itself is started again. */
const PAUSE = 1000;

const places = (data = DEFAULT_DATA) => {
  const folder = resolve(data);
  return { folder, queue: join(folder, 'queue.db'), jobs: join(folder, 'jobs') };
};

/**
 * The page and its interface, with workers as processes of their own, until the signal. Running jobs are given back then,
 * and the next server goes on with them.
 * @throws ListenError
 */
export async function serve({ port = DEFAULT_PORT, data, workers = 1, signal, onListening }: ServeOptions) {
  const { folder, queue: file, jobs } = places(data);
  await mkdir(folder, { recursive: true });
  const queue = new SqliteQueue(file);
  const streams = new EventStreams(queue);
  const page = fileURLToPath(new URL('../page/', import.meta.url));
  const app = makeApp({ queue, streams, folder: jobs, page, log: makeLogger() });
  const server = createAdaptorServer({ fetch: app.fetch });
  try {
    server.listen(port, HOST);
    await once(server, 'listening', { signal });
    onListening?.(`http://${HOST}:${(server.address() as AddressInfo).port}/`);
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
    streams.close();
    server.close();
    if ('closeAllConnections' in server) {
      server.closeAllConnections();
    }
    await queue.close();
  }
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
