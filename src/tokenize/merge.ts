import { MinHeap } from '../text/heap.js';

/** No such pair. */
export const NONE = -1;
/** Symbols of one text are fewer: no string is longer. Ranks are below 2^24. */
const SYMBOLS = 2 ** 29;

/**
 * Joins neighbours again and again: of all pairs the one of the lowest rank, of several the leftmost. Pairs wait in a
 * heap and the symbols form a linked list, so n symbols take n log n steps.
 * @param rank of a pair, an integer from 0; NONE where it is never joined.
 */
export function mergeSymbols(symbols: string[], rank: (left: string, right: string) => number): string[] {
  const end = symbols.length;
  const next = Int32Array.from(symbols, (_, i) => i + 1);
  const previous = Int32Array.from(symbols, (_, i) => i - 1);
  /** Of the pair that begins at each symbol. */
  const ranks = new Int32Array(end);
  const heap = new MinHeap();
  const offer = (left: number): void => {
    const right = next[left] as number;
    const found = right < end ? rank(symbols[left] as string, symbols[right] as string) : NONE;
    ranks[left] = found;
    if (found !== NONE) {
      heap.push(found * SYMBOLS + left);
    }
  };
  for (let i = 0; i < end; i++) {
    offer(i);
  }
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
    const left = top % SYMBOLS;
    if (ranks[left] !== Math.floor(top / SYMBOLS)) {
      // One of its symbols has changed since.
      continue;
    }
    const right = next[left] as number;
    symbols[left] += symbols[right] as string;
    symbols[right] = '';
    ranks[right] = NONE;
    const after = next[right] as number;
    next[left] = after;
    if (after < end) {
      previous[after] = left;
    }
    const before = previous[left] as number;
    if (before >= 0) {
      offer(before);
    }
    offer(left);
  }
  return symbols.filter((symbol) => symbol !== '');
}
