import { InterruptedError } from '../errors.js';

/**
 * Runs `action` on all items, `limit` at a time; each item is asked for when its turn comes. The first failure, or the
 * caller's abort, aborts the signal of the actions that are running, and is thrown when all of them have ended.
 */
export async function forEachConcurrently<T>(
  items: Iterable<T>,
  limit: number,
  signal: AbortSignal | undefined,
  action: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const failures: unknown[] = [];
  const iterator = items[Symbol.iterator]();
  const lane = async () => {
    while (!stopped.aborted) {
      const next = iterator.next();
      if (next.done) {
        return;
      }
      await action(next.value, stopped);
    }
  };
  const lanes = Array.from({ length: limit }, () =>
    lane().catch((error: unknown) => {
      failures.push(error);
      stop.abort();
    }),
  );
  await Promise.all(lanes);
  throwIfAborted(signal);
  if (failures.length > 0) {
    throw failures[0];
  }
}

/** @throws InterruptedError */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new InterruptedError({ cause: signal.reason });
  }
}
