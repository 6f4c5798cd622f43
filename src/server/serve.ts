import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { hubSettings } from '../repo/hub-settings.js';
import { registerSecret } from '../secrets.js';
import { makeApp } from './app.js';
import { ListenError, OAuthSettingsError, ServeTokenError } from './errors.js';
import { EventStreams } from './event-streams.js';
import { guardedFetch } from './guarded-fetch.js';
import { makeServer } from './http-server.js';
import { LocalSources } from './local-sources.js';
import { jobFolder, removeUseless } from './make-files.js';
import { HuggingFace, oauthSettings, publicUrlOf } from './oauth.js';
import { makeLogger } from './observe.js';
import type { Queue } from './queue.js';
import type { Access } from './reading.js';
import { RedisQueue } from './redis-queue.js';
import { type LogIn, Sessions } from './sessions.js';
import { SqliteQueue } from './sqlite-queue.js';
import { keyOf, passingKey, UserTokens } from './user-tokens.js';
import { work } from './worker.js';

export interface ServeOptions {
  /** @default 7860 */
  readonly port?: number;
  /** The address to listen at; another one than a loopback address needs `auth`. @default '127.0.0.1' */
  readonly host?: string;
  /** How users log in: with HF2GGUF_SERVE_TOKEN, or with their account at the Hub. @default not at all */
  readonly auth?: 'token' | 'huggingface';
  /** What users know the server by. @default that of a Space, else the address that they ask it at */
  readonly publicUrl?: string;
  /** A file whose contents encrypt users' Hub tokens. @default a key that ends with this process */
  readonly secretFile?: string;
  /** Jobs of one user that wait or run. @default 20 */
  readonly userJobs?: number;
  /** Jobs of one user that run at a time. @default any number */
  readonly userRunning?: number;
  /** Bytes of the files of one user's jobs that wait or run. @default any number */
  readonly userSize?: number;
  /** A folder of this machine, whose folders are sources too: `local:NAME`. @default none */
  readonly allowLocal?: string;
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
/** What one user may have at a time: jobs that wait or run, and streams of events. */
const [MOST_JOBS, MOST_STREAMS] = [20, 20];
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
  return {
    ...{ folder, file: join(folder, 'queue.db'), jobs: join(folder, 'jobs') },
    ...{ key: join(folder, 'session.key'), tokenFolder: join(folder, 'tokens') },
  };
};

/** Where workers of this server find the key of its users' tokens: never among their arguments, which everybody sees. */
const KEY = 'HF2GGUF_TOKENS_KEY';
/** Where the address of Redis is, with its password, if it is no argument. */
const REDIS_URL = 'HF2GGUF_REDIS_URL';

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

/** What the Hub is read with: for users, by requests that do not lead into the network that this machine stands in. */
function makeAccess(tokens: UserTokens): Access {
  const { endpoint } = hubSettings(process.env);
  return { fetch: guardedFetch(endpoint), tokens };
}

interface LogInOptions {
  readonly isLoopback: boolean;
  readonly publicUrl: string | null;
  readonly tokens: UserTokens;
  readonly access: Access;
}

/** @throws ServeTokenError, OAuthSettingsError */
function makeLogIn(auth: ServeOptions['auth'], { isLoopback, publicUrl, tokens, access }: LogInOptions): LogIn {
  if (auth === 'huggingface') {
    const { endpoint } = hubSettings(process.env);
    const settings = oauthSettings(process.env, endpoint);
    if (publicUrl === null && !isLoopback) {
      throw new OAuthSettingsError(
        'The Hub has to know where users come back to after their log-in.',
        'Give --public-url with the address that they know this server by.',
      );
    }
    return { how: 'huggingface', hub: new HuggingFace(settings, access.fetch), tokens };
  }
  if (auth === 'token') {
    return { how: 'token', token: sharedToken() };
  }
  if (!isLoopback) {
    throw new ServeTokenError(
      'A server for other machines needs a log-in.',
      'Give --auth token or --auth huggingface, or leave --host out.',
    );
  }
  return { how: 'none' };
}

/** What users log in with. @throws ServeTokenError */
function sharedToken(): string {
  const token = process.env.HF2GGUF_SERVE_TOKEN ?? '';
  if (token.length < SHORTEST_TOKEN) {
    throw new ServeTokenError(
      `HF2GGUF_SERVE_TOKEN has ${token.length} characters; users log in with it.`,
      `Set it to ${SHORTEST_TOKEN} or more that nobody guesses, such as what \`openssl rand -hex 24\` prints.`,
    );
  }
  registerSecret(token);
  return token;
}

type QueueOptions = Pick<ServeOptions, 'data' | 'redis' | 'signal'>;

/** The address of the Redis that has the jobs. */
function redisOf({ redis = process.env[REDIS_URL] }: Pick<ServeOptions, 'redis'>): string | null {
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

export type RunWorkerOptions = Pick<ServeOptions, 'secretFile' | 'userRunning' | 'allowLocal'> & QueueOptions;

/** Works on the jobs of a data folder, until the signal. @throws SecretFileError, RedisError */
export async function runWorker(options: RunWorkerOptions): Promise<void> {
  const { secretFile, userRunning, allowLocal, signal } = options;
  const { jobs, tokenFolder } = places(options.data);
  const given = process.env[KEY];
  delete process.env[KEY];
  const key = secretFile !== undefined ? await keyOf(secretFile) : given ? Buffer.from(given, 'base64') : passingKey();
  const queue = await openQueue(options, makeLogger());
  delete process.env[REDIS_URL];
  try {
    await work({
      ...{ queue, folder: jobs, signal, access: makeAccess(new UserTokens(tokenFolder, key)) },
      local: await LocalSources.open(allowLocal),
      ...(userRunning !== undefined && { perUser: userRunning }),
    });
  } finally {
    await queue.close();
  }
}

/** A worker of its own process, in whose place another one comes when it ends. */
async function keepWorker(folder: string, options: ServeOptions, key: Uint8Array): Promise<void> {
  const { redis, signal, userRunning, allowLocal } = options;
  const cli = fileURLToPath(new URL('../cli/main.js', import.meta.url));
  const args = [
    ...['worker', '--data', folder],
    ...(userRunning === undefined ? [] : ['--user-running', String(userRunning)]),
    ...(allowLocal === undefined ? [] : ['--allow-local', allowLocal]),
  ];
  // A worker reads files of strangers; it knows no more secrets than it needs.
  const { OAUTH_CLIENT_SECRET: _, HF2GGUF_SERVE_TOKEN: __, ...rest } = process.env;
  const env = {
    ...rest,
    ...(redis !== undefined && { [REDIS_URL]: redis }),
    [KEY]: Buffer.from(key).toString('base64'),
  };
  while (!signal.aborted) {
    const child: ChildProcess = spawn(process.execPath, [cli, ...args], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env,
    });
    const stop = () => child.kill('SIGTERM');
    signal.addEventListener('abort', stop);
    await once(child, 'exit');
    signal.removeEventListener('abort', stop);
    await sleep(PAUSE, undefined, { signal }).catch(() => {});
  }
}
