import { UnencodableTextError } from './errors.js';
import type { Tokens } from './tokens.js';
import { asUnicode15, lowerCase, withoutAccent } from './unicode.js';

/** What is done to the letters of a text. */
export interface WordPieceNormalizer {
  readonly lowercase: boolean;
  readonly stripAccents: boolean;
}

const SPACE = /^\p{White_Space}$/u;
const CONTROL = /^[\0\ufffd\p{Cc}\p{Cf}\p{Co}]$/u;
const MARK = /^\p{M}$/u;
/** Characters that are words of their own. */
const ALONE =
  /^[\p{P}$+<=>^`|~\u{4e00}-\u{9fff}\u{3400}-\u{4dbf}\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{f900}-\u{faff}\u{2f800}-\u{2fa1f}]$/u;

/**
 * WordPiece. It cuts a text into words and takes from each, from the left, the longest token; a word begins with ▁. A
 * word that tokens do not cover becomes the unknown token. Source: llm_tokenizer_wpm_session in src/llama-vocab.cpp.
 */
export class WordPieceEncoder {
  readonly #longest: number;

  constructor(
    readonly tokens: Tokens,
    readonly normalizer: WordPieceNormalizer,
  ) {
    this.#longest = tokens.texts.reduce((most, { length }) => Math.max(most, length), 0);
  }

  /** Encodes a text without special tokens and appends its ids to `output`. @throws UnencodableTextError */
  encode(text: string, unknown: number | null, output: number[]): void {
    for (const word of wordsOf(text, this.normalizer)) {
      const ids = this.#pieces(`▁${word}`) ?? [unknown];
      for (const id of ids) {
        if (id === null) {
          throw new UnencodableTextError(
            `The vocabulary has no tokens for ${JSON.stringify(word)}, and no unknown token.`,
            'Leave the word out of the text.',
          );
        }
        output.push(id);
      }
    }
  }

  #pieces(word: string): number[] | null {
    const ids: number[] = [];
    for (let start = 0; start < word.length; ) {
      let end = Math.min(word.length, start + this.#longest);
      let id = this.tokens.ids.get(word.slice(start, end));
      while (id === undefined && --end > start) {
        id = this.tokens.ids.get(word.slice(start, end));
      }
      if (id === undefined) {
        return null;
      }
      ids.push(id);
      start = end;
    }
    return ids;
  }
}

function wordsOf(text: string, { lowercase, stripAccents }: WordPieceNormalizer): string[] {
  const words: string[] = [];
  let word = '';
  const finish = (): void => {
    if (word !== '') {
      words.push(word);
    }
    word = '';
  };
  for (const given of text) {
    const char = stripAccents ? withoutAccent(given) : given;
    const known = asUnicode15(char);
    if (SPACE.test(known)) {
      finish();
    } else if (!CONTROL.test(known) && !(stripAccents && MARK.test(known))) {
      const written = lowercase ? lowerCase(char) : char;
      if (ALONE.test(known)) {
        finish();
        words.push(written);
      } else {
        word += written;
      }
    }
  }
  finish();
  return words;
}
