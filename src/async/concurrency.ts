import { InterruptedError } from '../errors.js';

/**
 * Runs `action` on all items, `limit` at a time. The first failure, or the caller's abort, aborts the signal of the
 * actions that are running, and is thrown when all of them have ended.
 */
export async function forEachConcurrently<T>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal | undefined,
  action: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const failures: unknown[] = [];
  let next = 0;
  const lane = async () => {
    while (!stopped.aborted && next < items.length) {
      await action(items[next++] as T, stopped);
    }
  };
  const lanes = Array.from({ length: Math.min(limit, items.length) }, () =>
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
