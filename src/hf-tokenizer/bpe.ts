import type { JsonObject } from '../json.js';
import { MinHeap } from '../text/heap.js';
import { arrayField, booleanField, ID_LIMIT, malformed, objectField, stringField } from './fields.js';
import { type MergeIndex, mergeIndexOf } from './merge-index.js';
import { TokenIds } from './token-ids.js';

/** Words whose ids are kept; longer ones are rare enough to be encoded again. */
const CACHED_WORDS = 50_000;
const CACHED_LENGTH = 64;
/** Pairs whose rank is kept. */
const CACHED_PAIRS = 500_000;
/** No such merge. */
const NONE = -1;

/**
 * Byte pair encoding: characters, then again and again the leftmost pair of the lowest rank. Pairs wait in a heap and
 * the symbols form a linked list, so a word of n symbols takes n log n steps.
 */
export class Bpe {
  readonly #ids: TokenIds;
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #unknown: string | null;
  readonly #fuseUnknown: boolean;
  readonly #byteFallback: boolean;
  readonly #ignoreMerges: boolean;
  readonly #merges: () => MergeIndex;
  /** Texts of the ids that were met, and rank × ID_LIMIT + merged id of the pairs that were met, by left × ID_LIMIT + right. */
  readonly #texts = new Map<number, string>();
  readonly #pairs = new Map<number, number>();
  readonly #words = new Map<string, readonly number[]>();

  constructor(fields: JsonObject) {
    this.#ids = new TokenIds(objectField(fields, 'vocab', 'model'));
    this.#prefix = stringField(fields, 'continuing_subword_prefix', 'model', '');
    this.#suffix = stringField(fields, 'end_of_word_suffix', 'model', '');
    this.#unknown = fields.unk_token == null ? null : stringField(fields, 'unk_token', 'model');
    this.#fuseUnknown = booleanField(fields, 'fuse_unk', 'model', false);
    this.#byteFallback = booleanField(fields, 'byte_fallback', 'model', false);
    this.#ignoreMerges = booleanField(fields, 'ignore_merges', 'model', false);
    this.#merges = () => mergeIndexOf(arrayField(fields, 'merges', 'model'));
  }

  get size(): number {
    return this.#ids.size;
  }

  idOf(token: string): number | undefined {
    return this.#ids.idOf(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#ids.tokenOf(id);
  }

  encode(word: string): readonly number[] {
    const known = this.#words.get(word);
    if (known) {
      return known;
    }
    const whole = this.#ignoreMerges ? this.idOf(word) : undefined;
    const ids = whole === undefined ? this.#merge(this.#symbols(word)) : [whole];
    if (word.length <= CACHED_LENGTH) {
      if (this.#words.size >= CACHED_WORDS) {
        this.#words.clear();
      }
      this.#words.set(word, ids);
    }
    return ids;
  }

  #symbols(word: string): number[] {
    const ids: number[] = [];
    // The library holds an unknown symbol back until a known one comes, so bytes overtake it.
    let unknown: number | null = null;
    const chars = [...word];
    chars.forEach((char, i) => {
      const text = (i > 0 ? this.#prefix : '') + char + (i === chars.length - 1 ? this.#suffix : '');
      const id = this.idOf(text);
      if (id !== undefined) {
        if (unknown !== null) {
          ids.push(unknown);
          unknown = null;
        }
        this.#texts.set(id, text);
        ids.push(id);
        return;
      }
      const bytes = this.#byteFallback ? this.#bytes(text) : null;
      if (bytes) {
        ids.push(...bytes);
      } else if (this.#unknown !== null) {
        if (unknown !== null && !this.#fuseUnknown) {
          ids.push(unknown);
        }
        unknown = this.#known(this.#unknown);
      }
    });
    return unknown === null ? ids : [...ids, unknown];
  }

  #bytes(text: string): number[] | null {
    const ids: number[] = [];
    for (const byte of Buffer.from(text)) {
      const token = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
      const id = this.idOf(token);
      if (id === undefined) {
        return null;
      }
      this.#texts.set(id, token);
      ids.push(id);
    }
    return ids;
  }

  #known(token: string): number {
    const id = this.idOf(token);
    if (id === undefined) {
      throw malformed(`model.vocab lacks ${JSON.stringify(token)}, which its other fields name`);
    }
    this.#texts.set(id, token);
    return id;
  }

  /** Merges in place; a symbol that went into its left neighbour is marked by NONE. */
  #merge(ids: number[]): readonly number[] {
    const end = ids.length;
    if (end < 2) {
      return ids;
    }
    if (end >= ID_LIMIT) {
      throw malformed(`its pre-tokenizer leaves a word of ${end} symbols`);
    }
    const next = Int32Array.from(ids, (_, i) => i + 1);
    const previous = Int32Array.from(ids, (_, i) => i - 1);
    const heap = new MinHeap();
    const offer = (left: number, right: number): void => {
      if (left >= 0 && right < end) {
        const pair = this.#pair(ids[left] as number, ids[right] as number);
        if (pair !== NONE) {
          heap.push(Math.floor(pair / ID_LIMIT) * ID_LIMIT + left);
        }
      }
    };
    for (let i = 0; i + 1 < end; i++) {
      offer(i, i + 1);
    }
    for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
      const left = top % ID_LIMIT;
      const right = next[left] as number;
      if (ids[left] === NONE || right >= end) {
        continue;
      }
      const pair = this.#pair(ids[left] as number, ids[right] as number);
      // An entry whose symbols have changed since is stale.
      if (pair === NONE || Math.floor(pair / ID_LIMIT) !== Math.floor(top / ID_LIMIT)) {
        continue;
      }
      ids[left] = pair % ID_LIMIT;
      ids[right] = NONE;
      const after = next[right] as number;
      next[left] = after;
      if (after < end) {
        previous[after] = left;
      }
      offer(previous[left] as number, left);
      offer(left, after);
    }
    return ids.filter((id) => id !== NONE);
  }

  /** rank × ID_LIMIT + merged id, or NONE. */
  #pair(left: number, right: number): number {
    const key = left * ID_LIMIT + right;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = this.#lookUp(this.#texts.get(left) ?? '', this.#texts.get(right) ?? '');
      if (this.#pairs.size >= CACHED_PAIRS) {
        this.#pairs.clear();
      }
      this.#pairs.set(key, pair);
    }
    return pair;
  }

  #lookUp(left: string, right: string): number {
    const rank = this.#merges().rank(left, right);
    return rank < 0 ? NONE : rank * ID_LIMIT + this.#known(left + right.slice(this.#prefix.length));
  }
}
