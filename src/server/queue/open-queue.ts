import type { Logger } from 'pino';
import { places } from '../data-folder.js';
import type { Queue } from './queue.js';
import { RedisQueue } from './redis-queue.js';
import { SqliteQueue } from './sqlite-queue.js';

/** Where the address of Redis is, with its password, if it is no argument. */
export const REDIS_URL = 'HF2GGUF_REDIS_URL';
/** Milliseconds that a Redis that was lost has to come again once a process is told to end. */
const PATIENCE = 5000;

export interface QueueOptions {
  /** Where jobs and their files are. @default 'hf2gguf-data' */
  readonly data?: string;
  /** The address of a Redis that has the jobs, for workers of several machines. @default HF2GGUF_REDIS_URL, or a file in `data` */
  readonly redis?: string;
  readonly signal: AbortSignal;
}

/** The address of the Redis that has the jobs. */
export function redisOf({ redis = process.env[REDIS_URL] }: Pick<QueueOptions, 'redis'>): string | null {
  return redis || null;
}

/** Where the jobs are: in Redis, or in a file of the data folder. @throws RedisError */
export async function openQueue(options: QueueOptions, log: Logger): Promise<Queue> {
  const { data, signal } = options;
  const redis = redisOf(options);
  if (redis === null) {
    return new SqliteQueue(places(data).file);
  }
  const queue = await RedisQueue.open(redis, { emit: (warning) => log.warn(warning) });
  signal.addEventListener('abort', () => setTimeout(() => queue.close(), PATIENCE).unref());
  return queue;
}
