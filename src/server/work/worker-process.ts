import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { places } from '../data-folder.js';
import { makeLogger } from '../http/observe.js';
import { PROGRAM } from '../program.js';
import { openQueue, type QueueOptions, REDIS_URL } from '../queue/open-queue.js';
import { LocalSources } from '../users/local-sources.js';
import { makeAccess } from '../users/reading.js';
import { keyOf, passingKey, UserTokens } from '../users/user-tokens.js';
import { work } from './worker.js';

export interface WorkerProcessOptions extends QueueOptions {
  /** A file whose contents encrypt users' Hub tokens. @default a key that ends with the server */
  readonly secretFile?: string;
  /** Jobs of one user that run at a time. @default any number */
  readonly userRunning?: number;
  /** A folder of this machine, whose folders are sources too: `local:NAME`. @default none */
  readonly allowLocal?: string;
}

/** Where workers of a server find the key of its users' tokens: never among their arguments, which everybody sees. */
const KEY = 'HF2GGUF_TOKENS_KEY';
/** Milliseconds until a worker that ended by itself is started again. */
const PAUSE = 1000;

/** Works on the jobs of a data folder, until the signal. @throws SecretFileError, RedisError */
export async function runWorker(options: WorkerProcessOptions): Promise<void> {
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
export async function keepWorker(folder: string, options: WorkerProcessOptions, key: Uint8Array): Promise<void> {
  const { redis, signal, userRunning, allowLocal } = options;
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
    const child: ChildProcess = spawn(process.execPath, [PROGRAM, ...args], {
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
