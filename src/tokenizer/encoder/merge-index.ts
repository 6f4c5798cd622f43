import type { Json } from '../../json.js';
import { ID_LIMIT, malformed } from './fields.js';

/**
 * The rank of a pair in a list of merges, which is left as it was parsed: an open-addressing table of positions, at
 * most 16 bytes a merge, and no new strings. Merges are `"a b"` or `["a", "b"]`.
 */
export class MergeIndex {
  /** Position + 1; 0 is free. The size is a power of two. */
  readonly #slots: Int32Array;
  readonly #mask: number;

  /** @throws MalformedTokenizerError */
  constructor(readonly merges: readonly Json[]) {
    if (merges.length >= ID_LIMIT) {
      throw malformed(`model.merges has ${merges.length} entries, more than any tokenizer`);
    }
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(merges.length * 2 + 2)));
    this.#mask = this.#slots.length - 1;
    merges.forEach((merge, rank) => {
      this.#insert(merge, rank);
    });
  }

  /** -1 where the pair is not merged. Of two equal merges the later one counts. */
  rank(left: string, right: string): number {
    const slot = this.#find(hash(hash(SEED, left, ' '), right, ''), left, right);
    return (this.#slots[slot] ?? 0) - 1;
  }

  #insert(merge: Json, rank: number): void {
    if (typeof merge === 'string') {
      if (merge.startsWith('#version')) {
        return;
      }
      const space = merge.indexOf(' ');
      if (space < 0 || merge.indexOf(' ', space + 1) >= 0) {
        throw malformed(`model.merges[${rank}] is not two tokens with a space between`);
      }
      this.#slots[this.#find(hash(SEED, merge, ''), merge.slice(0, space), merge.slice(space + 1))] = rank + 1;
      return;
    }
    const [left, right] = Array.isArray(merge) ? (merge as readonly Json[]) : [];
    if (!Array.isArray(merge) || merge.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      throw malformed(`model.merges[${rank}] is no pair of tokens`);
    }
    this.#slots[this.#find(hash(hash(SEED, left, ' '), right, ''), left, right)] = rank + 1;
  }

  /** The pair's slot, or the free one where it belongs. */
  #find(code: number, left: string, right: string): number {
    let slot = code & this.#mask;
    for (;;) {
      const entry = this.#slots[slot] ?? 0;
      if (entry === 0 || this.#equals(entry - 1, left, right)) {
        return slot;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  #equals(position: number, left: string, right: string): boolean {
    const merge = this.merges[position];
    if (typeof merge === 'string') {
      return (
        merge.length === left.length + 1 + right.length &&
        merge.startsWith(left) &&
        merge[left.length] === ' ' &&
        merge.endsWith(right)
      );
    }
    const pair = merge as readonly Json[];
    return pair[0] === left && pair[1] === right;
  }
}

const SEED = 0x811c9dc5;

/** FNV-1a over UTF-16 code units, mixed once more so that the low bits depend on all of them. */
function hash(seed: number, text: string, end: string): number {
  let code = seed;
  const whole = text.length;
  for (let i = 0; i < whole; i++) {
    code = Math.imul(code ^ text.charCodeAt(i), 0x01000193);
  }
  if (end !== '') {
    code = Math.imul(code ^ end.charCodeAt(0), 0x01000193);
  }
  return code;
}
