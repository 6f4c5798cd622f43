import { byteOfToken } from '../text/byte-tokens.js';
import { MalformedVocabularyError, UnsupportedVocabularyError } from './errors.js';
import { ATTR, type Tokens } from './tokens.js';

/** Scores are compared as integers, in units of 1 / SCALE. */
const SCALE = 1e4;
/** The score of a character that is written as bytes. */
const UNKNOWN = -10_000_000;
/** No token has a score as low as this. */
const INVALID = -20_000_000;
/** The most characters of a token: all its ends are kept. */
const MAX_TOKEN = 1000;
const BYTE_ORDER_MARK = '\ufeff';

/** The best way to cut a text from a position on. */
interface Step {
  /** The sum of all scores, with the sign turned. */
  readonly cost: number;
  /** In characters. */
  readonly length: number;
  /** Null for the bytes of a character. */
  readonly id: number | null;
}

/**
 * PLaMo 2's tokenizer: finds the tokens with the largest sum of scores, from the end of a text to its start. Source:
 * llm_tokenizer_plamo2 in src/llama-vocab.cpp.
 */
export class Plamo2Encoder {
  readonly #bytes: readonly number[];
  /** Scores of tokens, and INVALID for the ends of tokens that are no tokens themselves. */
  readonly #scores = new Map<string, number>();

  /** @throws MalformedVocabularyError where a byte has no token; UnsupportedVocabularyError for very long tokens */
  constructor(readonly tokens: Tokens) {
    const bytes = new Array<number>(256).fill(0);
    for (const [id, text] of tokens.texts.entries()) {
      if ((tokens.attrs[id] ?? 0) & ATTR.byte) {
        const byte = byteOfToken(text);
        if (byte !== undefined) {
          bytes[byte] = id;
        }
      } else {
        this.#add(text, tokens.scores[id] ?? 0);
      }
    }
    // ref-quirk: llama.cpp takes the token 0 for none.
    const missing = bytes.indexOf(0);
    if (missing >= 0) {
      throw new MalformedVocabularyError(`there is no token for the byte ${missing}`);
    }
    this.#bytes = bytes;
  }

  /** Encodes a text without special tokens and appends its ids to `output`. */
  encode(text: string, output: number[]): void {
    const chars = [...(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text)];
    const steps = this.#walk(chars);
    for (let at = 0; at < chars.length; ) {
      const { id, length } = steps[at] as Step;
      if (id === null) {
        for (const byte of Buffer.from(chars[at] as string)) {
          output.push(this.#bytes[byte] as number);
        }
      } else {
        output.push(id);
      }
      at += length;
    }
  }

  #add(text: string, score: number): void {
    const chars = [...text];
    if (chars.length > MAX_TOKEN) {
      throw new UnsupportedVocabularyError(
        `The vocabulary has a token of ${chars.length} characters, more than ${MAX_TOKEN}.`,
        'Check that the file is a PLaMo model.',
      );
    }
    this.#scores.set(text, Number.isFinite(score) ? rounded(score * SCALE) : INVALID);
    for (let from = 1; from < chars.length; from++) {
      const end = chars.slice(from).join('');
      if (!this.#scores.has(end)) {
        this.#scores.set(end, INVALID);
      }
    }
  }

  #walk(chars: readonly string[]): readonly Step[] {
    const steps: Step[] = new Array(chars.length + 1);
    steps[chars.length] = { cost: 0, length: 0, id: null };
    let longest = 0;
    for (let at = chars.length - 1; at >= 0; at--) {
      longest = this.#longest(chars, at, longest);
      steps[at] = this.#best(chars, at, longest, steps);
    }
    return steps;
  }

  /** The length of the longest known text that begins at a position. @param next that of the position behind it. */
  #longest(chars: readonly string[], at: number, next: number): number {
    for (let length = next; length >= 0; length--) {
      const known = length === 0 || this.#scoreOf(chars, at + 1, length) !== undefined;
      if (known && this.#scoreOf(chars, at, length + 1) !== undefined) {
        return length + 1;
      }
      // ref-quirk: padding has the score that ends llama.cpp's lists.
      if (length > 0 && this.#scoreOf(chars, at + 1, length) === UNKNOWN) {
        return 0;
      }
    }
    return 0;
  }

  #best(chars: readonly string[], at: number, longest: number, steps: readonly Step[]): Step {
    let best: Step | null = null;
    for (let length = longest; length > 0; length--) {
      const score = this.#scoreOf(chars, at, length);
      if (score !== undefined && score > INVALID) {
        const cost = (steps[at + length] as Step).cost - score;
        if (best === null || cost < best.cost) {
          best = { cost, length, id: this.tokens.ids.get(chars.slice(at, at + length).join('')) ?? null };
        }
      }
      if (best !== null && score === UNKNOWN) {
        return best;
      }
    }
    const cost = (steps[at + 1] as Step).cost - UNKNOWN;
    return best !== null && best.cost <= cost ? best : { cost, length: 1, id: null };
  }

  #scoreOf(chars: readonly string[], at: number, length: number): number | undefined {
    return this.#scores.get(chars.slice(at, at + length).join(''));
  }
}

/** Rounds halves away from zero. */
function rounded(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}
