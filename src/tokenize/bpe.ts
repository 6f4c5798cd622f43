import { toByteChars } from '../text/byte-level.js';
import { byteToken } from '../text/byte-tokens.js';
import { joinTexts, type Merges, mergeSymbols } from '../text/merge.js';
import { mergeIndex } from '../text/merge-index.js';
import { type Cut, compileCut } from './cut.js';
import type { PreTokenizerSettings } from './pre-tokenizers.js';
import type { Tokens } from './tokens.js';

/** The number of words whose ids are cached. Later words are rare enough to be encoded again. */
const CACHED_WORDS = 50_000;
const CACHED_LENGTH = 64;

/** Byte pair encoding. It cuts a text into words, and merges the symbols of each word in the order of the merges. */
export class BpeEncoder {
  readonly #cut: Cut;
  readonly #merges: Merges<string>;
  readonly #words = new Map<string, readonly number[]>();

  /**
   * @param merges `left right`. A space of the text is another character in the symbols, so the space separates the
   * two.
   */
  constructor(
    readonly tokens: Tokens,
    readonly pre: PreTokenizerSettings,
    merges: ArrayLike<string>,
  ) {
    this.#cut = compileCut(pre.patterns);
    // Source: llm_tokenizer_bpe in src/llama-vocab.cpp: of two equal merges the first one counts.
    const index = mergeIndex(merges, 'first');
    this.#merges = { rank: (left, right) => index.rank(left, right), join: joinTexts };
  }

  /** Encodes a text without special tokens and appends its ids to `output`. */
  encode(text: string, output: number[]): void {
    const { raw, escapesSpaces } = this.pre;
    for (const word of this.#cut(escapesSpaces ? text.replaceAll(' ', '▁') : text)) {
      for (const id of this.#word(raw ? word : toByteChars(word))) {
        output.push(id);
      }
    }
  }

  #word(word: string): readonly number[] {
    const known = this.#words.get(word);
    if (known) {
      return known;
    }
    const ids = this.#merged(word).flatMap((symbol) => this.tokens.ids.get(symbol) ?? this.#bytes(symbol));
    if (word.length <= CACHED_LENGTH) {
      if (this.#words.size >= CACHED_WORDS) {
        this.#words.clear();
      }
      this.#words.set(word, ids);
    }
    return ids;
  }

  #merged(word: string): string[] {
    const { ignoreMerges, gemma } = this.pre;
    if ((ignoreMerges || (gemma && /^\n+$/.test(word))) && this.tokens.ids.has(word)) {
      return [word];
    }
    return mergeSymbols([...word], this.#merges);
  }

  /** The ids of the bytes of a symbol that is no token. Bytes without a token are left out. */
  #bytes(symbol: string): number[] {
    return [...Buffer.from(symbol)].flatMap((byte) => {
      const token = this.pre.raw ? byteToken(byte) : rawByte(byte);
      return this.tokens.ids.get(token) ?? [];
    });
  }
}

/** A single byte as a string, in the form that gguf/raw-strings.ts reads. */
export function rawByte(byte: number): string {
  return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
}
