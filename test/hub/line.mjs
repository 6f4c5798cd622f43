// A line of a given rate, which all answers of a Hub share: bytes wait for those that were sent before them.
import { setTimeout as sleep } from 'node:timers/promises';

/** @param {number} rate bytes a second; Infinity for no limit */
export function line(rate) {
  let free = 0;
  /** @param {AsyncIterable<Buffer>} chunks */
  return async function* paced(chunks) {
    for await (const chunk of chunks) {
      free = Math.max(free, performance.now()) + (chunk.length / rate) * 1000;
      const wait = free - performance.now();
      // Timers are not exact to the millisecond, so short waits add up first.
      if (wait > 5) {
        await sleep(wait);
      }
      yield chunk;
    }
  };
}
