import { once } from 'node:events';
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { places } from './data-folder.js';
import { ListenError } from './errors.js';
import { makeApp } from './http/app.js';
import { EventStreams } from './http/event-streams.js';
import { makeServer } from './http/http-server.js';
import { makeLogger } from './http/observe.js';
import { openQueue, redisOf } from './queue/open-queue.js';
import type { Queue } from './queue/queue.js';
import { LocalSources } from './users/local-sources.js';
import { type Auth, makeLogIn } from './users/log-in.js';
import { publicUrlOf } from './users/oauth.js';
import { makeAccess } from './users/reading.js';
import { Sessions } from './users/sessions.js';
import { keyOf, passingKey, UserTokens } from './users/user-tokens.js';
import { jobFolder, removeUseless } from './work/make-files.js';
import { keepWorker, type WorkerProcessOptions } from './work/worker-process.js';

export interface ServeOptions extends WorkerProcessOptions {
  /** @default 7860 */
  readonly port?: number;
  /** The address to listen at; another one than a loopback address needs `auth`. @default '127.0.0.1' */
  readonly host?: string;
  /** How users log in: with HF2GGUF_SERVE_TOKEN, or with their account at the Hub. @default not at all */
  readonly auth?: Auth;
  /** What users know the server by. @default that of a Space, else the address that they ask it at */
  readonly publicUrl?: string;
  /** Jobs of one user that wait or run. @default 20 */
  readonly userJobs?: number;
  /** Bytes of the files of one user's jobs that wait or run. @default any number */
  readonly userSize?: number;
  /** Processes that convert. @default 1 */
  readonly workers?: number;
  /** Bytes of files from which on workers share an order of several. @default 4 GiB with Redis, else never */
  readonly shareFrom?: number;
  /** Days after which jobs that have ended are removed with their files. @default 7 */
  readonly keepDays?: number;
  /** Called once the server listens. */
  onListening?(address: string): void;
}

const [DEFAULT_PORT, DEFAULT_HOST] = [7860, '127.0.0.1'];
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];
/** What one user may have at a time: jobs that wait or run, and streams of events. */
const [MOST_JOBS, MOST_STREAMS] = [20, 20];
/** Milliseconds. */
const DAY = 24 * 60 * 60 * 1000;
/** Milliseconds between two looks for jobs whose time is over. */
const SWEEP = 60_000;
/** With Redis there may be workers on several machines. */
const SHARE_FROM = 2 ** 32;

/**
 * The page and its interface, with workers as processes of their own, until the signal. Running jobs are given back then,
 * and the next server goes on with them.
 * @throws ListenError, RedisError, ServeTokenError, OAuthSettingsError, SecretFileError, LocalSourceError
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
  const { folder, jobs, key, tokenFolder } = places(options.data);
  const isLoopback = LOOPBACK.includes(host);
  const tokensKey = options.secretFile === undefined ? passingKey() : await keyOf(options.secretFile);
  const tokens = new UserTokens(tokenFolder, tokensKey);
  const access = makeAccess(tokens);
  const publicUrl = publicUrlOf(options.publicUrl, process.env);
  const logIn = makeLogIn(options.auth, { isLoopback, publicUrl, tokens, access });
  const local = await LocalSources.open(options.allowLocal);
  await mkdir(folder, { recursive: true });
  const sessions = await Sessions.open(key, logIn, publicUrl);
  const log = makeLogger();
  const queue = await openQueue(options, log);
  const streams = new EventStreams(queue, sessions.isNeeded ? MOST_STREAMS : undefined);
  const app = makeApp({
    ...{ queue, streams, sessions, isLoopback, access, shareFrom, folder: jobs, log },
    page: fileURLToPath(new URL('../page/', import.meta.url)),
    local,
    limits: { jobs: options.userJobs ?? MOST_JOBS, size: options.userSize ?? Number.POSITIVE_INFINITY },
  });
  const server = makeServer(app);
  const sweep = async () => {
    await removeOld(queue, jobs, Date.now() - keepDays * DAY);
    await tokens.removeOld().catch(() => {});
  };
  const sweeping = setInterval(sweep, SWEEP);
  try {
    server.listen(port, host);
    await once(server, 'listening', { signal });
    onListening?.(`http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}/`);
    await Promise.all(Array.from({ length: workers }, () => keepWorker(folder, options, tokensKey)));
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
    server.closeAllConnections();
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
