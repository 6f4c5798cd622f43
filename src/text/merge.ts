import { MinHeap } from './heap.js';

/** No such pair. */
export const NONE = -1;
/** Ranks are below this, and symbols of one text are fewer than `SYMBOLS`, so that a rank and a place fit into one double. */
export const RANK_LIMIT = 2 ** 24;
/** No string has more characters. */
const SYMBOLS = 2 ** 29;

/** Which neighbours are joined, and to what. */
export interface Merges<T> {
  /** Of a pair, an integer from 0; NONE where it is never joined. */
  rank(left: T, right: T): number;
  /** Asked only of pairs that have a rank. */
  join(left: T, right: T): T;
}

/**
 * Joins neighbours again and again: of all pairs the one of the lowest rank, of several the leftmost. Pairs wait in a
 * heap and the symbols form a linked list, so n symbols take n log n steps.
 * @param symbols are changed.
 */
export function mergeSymbols<T>(symbols: T[], merges: Merges<T>): T[] {
  const end = symbols.length;
  const next = Int32Array.from(symbols, (_, i) => i + 1);
  const previous = Int32Array.from(symbols, (_, i) => i - 1);
  /** Of the pair that begins at each symbol. */
  const ranks = new Int32Array(end);
  const heap = new MinHeap();
  const offer = (left: number): void => {
    const right = next[left] as number;
    const rank = right < end ? merges.rank(symbols[left] as T, symbols[right] as T) : NONE;
    ranks[left] = rank;
    if (rank !== NONE) {
      heap.push(rank * SYMBOLS + left);
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
    symbols[left] = merges.join(symbols[left] as T, symbols[right] as T);
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
  const merged: T[] = [];
  for (let i = 0; i < end; i = next[i] as number) {
    merged.push(symbols[i] as T);
  }
  return merged;
}

/** Symbols that are texts. */
export function joinTexts(left: string, right: string): string {
  return left + right;
}
