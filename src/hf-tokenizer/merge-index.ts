import type { Json } from '../json.js';
import { RANK_LIMIT } from '../text/merge.js';
import { malformed } from './fields.js';

const indices = new WeakMap<readonly Json[], MergeIndex>();

/**
 * The index of a list of merges. It is built once, because a conversion uses a tokenizer twice.
 * @throws MalformedTokenizerError
 */
export function mergeIndexOf(merges: readonly Json[]): MergeIndex {
  let known = indices.get(merges);
  if (!known) {
    known = new MergeIndex(merges);
    indices.set(merges, known);
  }
  return known;
}

/**
 * An index that finds the rank of a pair in a list of merges (`"a b"` or `["a", "b"]`). It is an open-addressing hash
 * table of positions: it takes at most 32 bytes for a merge, and creates no strings.
 */
export class MergeIndex {
  /** The position of a merge plus 1, or 0 for a free slot. The size is a power of two. */
  readonly #slots: Int32Array;
  /** The hash of each slot's merge. Texts are compared only if hashes are equal. */
  readonly #hashes: Int32Array;
  readonly #mask: number;

  /** @throws MalformedTokenizerError */
  constructor(readonly merges: readonly Json[]) {
    if (merges.length > RANK_LIMIT) {
      throw malformed(`model.merges has ${merges.length} entries, more than any tokenizer`);
    }
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(merges.length * 2 + 2)));
    this.#hashes = new Int32Array(this.#slots.length);
    this.#mask = this.#slots.length - 1;
    merges.forEach((merge, rank) => {
      this.#insert(merge, rank);
    });
  }

  /** The rank of a pair, or -1 if it is not merged. Of two equal merges the later one counts. */
  rank(left: string, right: string): number {
    let rank = -1;
    const code = hashPair(left, right) | 0;
    let slot = code & this.#mask;
    for (let entry = this.#slots[slot] ?? 0; entry !== 0; entry = this.#slots[slot] ?? 0) {
      if (this.#hashes[slot] === code && entry - 1 > rank && isPair(this.merges[entry - 1], left, right)) {
        rank = entry - 1;
      }
      slot = (slot + 1) & this.#mask;
    }
    return rank;
  }

  #insert(merge: Json, rank: number): void {
    if (typeof merge === 'string' && merge.startsWith('#version')) {
      return;
    }
    const code = hashOf(merge, rank) | 0;
    let slot = code & this.#mask;
    for (let entry = this.#slots[slot] ?? 0; entry !== 0; entry = this.#slots[slot] ?? 0) {
      if (this.#hashes[slot] === code && sameMerge(this.merges[entry - 1], merge)) {
        break;
      }
      slot = (slot + 1) & this.#mask;
    }
    this.#slots[slot] = rank + 1;
    this.#hashes[slot] = code;
  }
}

/** The seed differs from run to run, so that nobody can prepare merges that all fall into one slot. */
const SEED = Math.floor(Math.random() * 2 ** 32);

/** FNV-1a over UTF-16 code units. */
function hash(seed: number, text: string): number {
  let code = seed;
  for (let i = 0; i < text.length; i++) {
    code = Math.imul(code ^ text.charCodeAt(i), 0x01000193);
  }
  return code;
}

/** Mixes the bits, so that the low ones, which choose the slot, depend on all others. */
function mixed(code: number): number {
  return code ^ (code >>> 15);
}

/** The hash of `"left right"`. */
function hashPair(left: string, right: string): number {
  return mixed(hash(hash(hash(SEED, left), ' '), right));
}

/** The hash of a merge. @throws MalformedTokenizerError where it is no merge */
function hashOf(merge: Json, rank: number): number {
  if (typeof merge === 'string') {
    const space = merge.indexOf(' ');
    if (space < 0 || merge.indexOf(' ', space + 1) >= 0) {
      throw malformed(`model.merges[${rank}] is not two tokens with a space between`);
    }
    return mixed(hash(SEED, merge));
  }
  const [left, right] = pairOf(merge);
  if (typeof left !== 'string' || typeof right !== 'string') {
    throw malformed(`model.merges[${rank}] is no pair of tokens`);
  }
  return hashPair(left, right);
}

function pairOf(merge: Json | undefined): readonly Json[] {
  return Array.isArray(merge) && merge.length === 2 ? (merge as readonly Json[]) : [];
}

function sameMerge(a: Json | undefined, b: Json): boolean {
  if (typeof a === 'string' || typeof b === 'string') {
    return a === b;
  }
  const [left, right] = pairOf(b);
  return pairOf(a)[0] === left && pairOf(a)[1] === right;
}

function isPair(merge: Json | undefined, left: string, right: string): boolean {
  return typeof merge === 'string' ? merge === `${left} ${right}` : sameMerge(merge ?? null, [left, right]);
}
