import type { JsonObject } from '../json.js';
import { byteToken } from '../text/byte-tokens.js';
import { type Merges, mergeSymbols, NONE } from '../text/merge.js';
import type { MergeIndex } from '../text/merge-index.js';
import { arrayField, booleanField, ID_LIMIT, malformed, objectField, stringField } from './fields.js';
import { indexOfMerges } from './merges.js';
import { TokenIds } from './token-ids.js';

/** The number of words whose ids are cached. Later words are rare enough to be encoded again. */
const CACHED_WORDS = 50_000;
const CACHED_LENGTH = 64;
/** The number of pairs whose rank is cached. */
const CACHED_PAIRS = 500_000;

/** The most characters of what stands before or behind a part of a word. Released tokenizers have `##` and `</w>`. */
const AFFIX = { most: 64 };

/** Byte pair encoding: it turns the characters of a word into ids and merges them in the order of the merges. */
export class Bpe {
  readonly #ids: TokenIds;
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #unknown: string | null;
  readonly #fuseUnknown: boolean;
  readonly #byteFallback: boolean;
  readonly #ignoreMerges: boolean;
  readonly #indexed: () => MergeIndex;
  /** Made when a pair is first looked up. */
  #index: MergeIndex | null = null;
  readonly #merges: Merges<number> = {
    rank: (left, right) => {
      const pair = this.#pair(left, right);
      return pair === NONE ? NONE : Math.floor(pair / ID_LIMIT);
    },
    join: (left, right) => this.#pair(left, right) % ID_LIMIT,
  };
  /** Caches: id → text, and left × ID_LIMIT + right → rank × ID_LIMIT + merged id. */
  readonly #texts = new Map<number, string>();
  readonly #pairs = new Map<number, number>();
  readonly #words = new Map<string, readonly number[]>();

  constructor(fields: JsonObject) {
    this.#ids = new TokenIds(objectField(fields, 'vocab', 'model'));
    this.#prefix = stringField(fields, 'continuing_subword_prefix', 'model', '', AFFIX);
    this.#suffix = stringField(fields, 'end_of_word_suffix', 'model', '', AFFIX);
    this.#unknown = fields.unk_token == null ? null : stringField(fields, 'unk_token', 'model');
    this.#fuseUnknown = booleanField(fields, 'fuse_unk', 'model', false);
    this.#byteFallback = booleanField(fields, 'byte_fallback', 'model', false);
    this.#ignoreMerges = booleanField(fields, 'ignore_merges', 'model', false);
    this.#indexed = () => indexOfMerges(arrayField(fields, 'merges', 'model'));
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
    const ids = whole === undefined ? mergeSymbols(this.#symbols(word), this.#merges) : [whole];
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
    // ref-quirk: the tokenizers library (models/bpe/model.rs, `merge_word`) holds an unknown symbol back until a known
    // one comes, so byte tokens come before it.
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
        for (const byte of bytes) {
          ids.push(byte);
        }
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
      const token = byteToken(byte);
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

  /** The rank and the merged id of a pair, as rank × ID_LIMIT + merged id, or NONE. */
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
    this.#index ??= this.#indexed();
    const rank = this.#index.rank(left, right);
    return rank < 0 ? NONE : rank * ID_LIMIT + this.#known(left + right.slice(this.#prefix.length));
  }
}
