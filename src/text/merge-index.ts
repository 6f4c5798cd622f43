/** Two symbols that are merged: a text with one space between them, or two texts. */
export type Merge = string | readonly [left: string, right: string];

/** The indices that are in use, by their lists. */
const indices = new WeakMap<ArrayLike<Merge>, MergeIndex>();

/**
 * The index of a list of merges. It is built once, because a conversion uses a tokenizer several times.
 * @param counts which of two equal merges has the pair's rank.
 */
export function mergeIndex(merges: ArrayLike<Merge>, counts: 'first' | 'last'): MergeIndex {
  const known = indices.get(merges);
  if (known && (known.counts === counts || known.allDiffer)) {
    return known;
  }
  const index = new MergeIndex(merges, counts);
  indices.set(merges, index);
  return index;
}

/**
 * Finds the rank of a pair in a list of merges. It is an open-addressing hash table of positions: it takes at most 32
 * bytes for a merge, and creates no strings.
 */
class MergeIndex {
  /** Of each slot the position of a merge plus 1, or 0 if it is free, then the merge's hash. */
  readonly #slots: Int32Array;
  /** Of an index in `#slots`. */
  readonly #mask: number;

  /** Whether no two merges are equal. */
  readonly allDiffer: boolean;

  constructor(
    readonly merges: ArrayLike<Merge>,
    readonly counts: 'first' | 'last',
  ) {
    const slots = new Int32Array(2 ** (1 + Math.ceil(Math.log2(merges.length * 2 + 2))));
    const mask = slots.length - 1;
    let allDiffer = true;
    for (let rank = 0; rank < merges.length; rank++) {
      const merge = merges[rank] as Merge;
      const code = typeof merge === 'string' ? mixed(hash(SEED, merge)) : hashPair(merge[0], merge[1]);
      let at = (2 * code) & mask;
      let entry = slots[at] as number;
      while (entry !== 0 && !(slots[at + 1] === code && isSame(merges[entry - 1] as Merge, merge))) {
        at = (at + 2) & mask;
        entry = slots[at] as number;
      }
      allDiffer &&= entry === 0;
      if (entry === 0 || counts === 'last') {
        slots[at] = rank + 1;
        slots[at + 1] = code;
      }
    }
    this.allDiffer = allDiffer;
    this.#slots = slots;
    this.#mask = mask;
  }

  /** The rank of a pair, or -1 if it is not merged. */
  rank(left: string, right: string): number {
    const code = hashPair(left, right);
    let at = (2 * code) & this.#mask;
    for (let entry = this.#slots[at] as number; entry !== 0; entry = this.#slots[at] as number) {
      if (this.#slots[at + 1] === code && isPair(this.merges[entry - 1] as Merge, left, right)) {
        return entry - 1;
      }
      at = (at + 2) & this.#mask;
    }
    return -1;
  }
}

/** The seed differs from run to run, so that nobody can prepare merges that all fall into one slot. */
const SEED = Math.floor(Math.random() * 2 ** 32) | 0;

/** FNV-1a over UTF-16 code units. */
const PRIME = 0x01000193;

function hash(seed: number, text: string): number {
  let code = seed;
  for (let i = 0; i < text.length; i++) {
    code = Math.imul(code ^ text.charCodeAt(i), PRIME);
  }
  return code;
}

/** Mixes the bits of an integer, so that the low ones, which choose the slot, depend on all others. */
function mixed(code: number): number {
  return code ^ (code >>> 15);
}

/** The hash of `"left right"`. */
function hashPair(left: string, right: string): number {
  return mixed(hash(Math.imul(hash(SEED, left) ^ 0x20, PRIME), right));
}

function isSame(a: Merge, b: Merge): boolean {
  return typeof a === 'string' || typeof b === 'string' ? a === b : a[0] === b[0] && a[1] === b[1];
}

function isPair(merge: Merge, left: string, right: string): boolean {
  return typeof merge === 'string' ? merge === `${left} ${right}` : merge[0] === left && merge[1] === right;
}

export type { MergeIndex };
