import { MalformedVocabularyError } from './errors.js';

const KEY = 'tokenizer.ggml.precompiled_charsmap';

/**
 * SentencePiece's map of characters: the size of a trie in bytes (u32), a double-array trie of u32 units, and the
 * replacements, each with a zero byte at its end. Source: llm_tokenizer_ugm_session::normalize_prefix in
 * src/llama-vocab.cpp, which takes the longest entry.
 */
export class CharsMap {
  readonly #units: Uint32Array;
  readonly #replacements: Buffer;

  /** @throws MalformedVocabularyError */
  constructor(map: ArrayLike<number>) {
    const bytes = Buffer.from(map);
    const size = bytes.length >= 4 ? bytes.readUInt32LE(0) : Number.POSITIVE_INFINITY;
    if (size + 4 >= bytes.length) {
      throw new MalformedVocabularyError(`${KEY} is shorter than it says`);
    }
    this.#units = Uint32Array.from({ length: Math.floor(size / 4) }, (_, i) => bytes.readUInt32LE(4 + 4 * i));
    this.#replacements = bytes.subarray(4 + size);
  }

  /**
   * The longest entry that a text has at a position; undefined if there is none.
   * @param text has a character for each byte, as the replacement has.
   * @throws MalformedVocabularyError for a map that leads out of itself
   */
  longest(text: string, start: number): { readonly length: number; readonly replacement: string } | undefined {
    if (this.#units.length === 0) {
      return undefined;
    }
    let found: { length: number; offset: number } | undefined;
    let node = baseOf(this.#unit(0));
    for (let at = start; at < text.length; at++) {
      const byte = text.charCodeAt(at);
      node ^= byte;
      const unit = this.#unit(node);
      if (byte === 0 || (unit & 0x800000ff) !== byte) {
        break;
      }
      node ^= baseOf(unit);
      if ((unit >>> 8) & 1) {
        found = { length: at + 1 - start, offset: this.#unit(node) & 0x7fffffff };
      }
    }
    return found && { length: found.length, replacement: this.#replacement(found.offset) };
  }

  #unit(index: number): number {
    const unit = this.#units[index >>> 0];
    if (unit === undefined) {
      throw new MalformedVocabularyError(`${KEY} has an entry outside of it`);
    }
    return unit;
  }

  #replacement(offset: number): string {
    const end = this.#replacements.indexOf(0, offset);
    if (offset >= this.#replacements.length || end < 0) {
      throw new MalformedVocabularyError(`${KEY} has a replacement outside of it`);
    }
    return this.#replacements.toString('latin1', offset, end);
  }
}

function baseOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
