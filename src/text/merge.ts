import { MinHeap } from './heap.js';

/** The rank of a pair that is never joined. */
export const NONE = -1;
/** Ranks are smaller than this. A rank and a position below `SYMBOLS` then fit into one double. */
export const RANK_LIMIT = 2 ** 24;
/** No JavaScript string has more characters. */
const SYMBOLS = 2 ** 29;

/** Tells which neighbours are joined, and into what. */
export interface Merges<T> {
  /** The rank of a pair, an integer from 0, or NONE if the pair is never joined. */
  rank(left: T, right: T): number;
  /** Joins a pair that has a rank. */
  join(left: T, right: T): T;
}

/**
 * Joins neighbours until no pair has a rank. Each step joins the pair of the lowest rank; of several such pairs, the
 * leftmost. Pairs wait in a heap and the symbols form a linked list, so n symbols take O(n log n) steps.
 * @param symbols is changed.
 */
export function mergeSymbols<T>(symbols: T[], merges: Merges<T>): T[] {
  const end = symbols.length;
  const next = Int32Array.from(symbols, (_, i) => i + 1);
  const previous = Int32Array.from(symbols, (_, i) => i - 1);
  /** The rank of the pair that begins at each symbol. */
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
      // The entry is out of date: a symbol of its pair has changed since.
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

/** Joins symbols that are strings. */
export function joinTexts(left: string, right: string): string {
  return left + right;
}
