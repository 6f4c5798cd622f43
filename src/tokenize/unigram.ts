import { encodeRaw } from '../gguf/raw-strings.js';
import type { CharsMap } from './chars-map.js';
import { UnencodableTextError } from './errors.js';
import { ATTR, type Tokens } from './tokens.js';

/** The score of an unknown character is the lowest score of all normal tokens minus this. */
const UNKNOWN_PENALTY = 10;
const SPACE = bytesOf('▁');
const LARGEST_FLOAT = 3.4028234663852886e38;

/** The most bytes of a user-defined token that are compared. */
const LONGEST_KEPT = 1024;

/** What is done to a text before it is cut. */
export interface UnigramNormalizer {
  /** A space before the text. */
  readonly addPrefix: boolean;
  /** Several spaces become one, and those at both ends none. */
  readonly mergeSpaces: boolean;
  readonly charsMap: CharsMap | null;
}

/** The best path that ends at a position of a text. */
interface Step {
  readonly id: number | null;
  readonly start: number;
  readonly score: number;
}

/**
 * Unigram: finds the tokens with the largest sum of scores. Unknown characters next to each other become one token.
 * Strings here have a character for each byte. Source: llm_tokenizer_ugm in src/llama-vocab.cpp.
 */
export class UnigramEncoder {
  readonly #ids = new Map<string, number>();
  /** The first byte of a token → the lengths of all tokens that begin with it. */
  readonly #lengths = new Map<number, number[]>();
  /** User-defined tokens, which are not normalized, in the order of their bytes. */
  readonly #kept: readonly string[];
  readonly #unknownScore: number;

  constructor(
    readonly tokens: Tokens,
    readonly normalizer: UnigramNormalizer,
  ) {
    let worst = LARGEST_FLOAT;
    const kept: string[] = [];
    const lengths = new Map<number, Set<number>>();
    tokens.texts.forEach((text, id) => {
      const attr = tokens.attrs[id] ?? 0;
      if (attr & ATTR.normal) {
        worst = Math.min(worst, tokens.scores[id] ?? 0);
      }
      if (attr & (ATTR.normal | ATTR.userDefined | ATTR.unused)) {
        const bytes = bytesOf(text);
        this.#ids.set(bytes, id);
        const first = bytes.charCodeAt(0);
        lengths.set(first, (lengths.get(first) ?? new Set()).add(bytes.length));
        if (attr & ATTR.userDefined) {
          kept.push(bytes);
        }
      }
    });
    for (const [first, all] of lengths) {
      this.#lengths.set(first, [...all]);
    }
    this.#kept = kept.sort((a, b) => (a < b ? -1 : 1));
    this.#unknownScore = Math.fround(worst - UNKNOWN_PENALTY);
  }

  /** Encodes a text without special tokens and appends its ids to `output`. @throws UnencodableTextError */
  encode(text: string, unknown: number | null, output: number[]): void {
    const normalized = this.#normalized(bytesOf(text));
    const steps = this.#walk(normalized, unknown);
    const ids: number[] = [];
    let after: number | null | undefined;
    for (let end = normalized.length; end > 0; ) {
      const { id, start } = steps[end] as Step;
      if (id === null) {
        throw new UnencodableTextError(
          `The vocabulary has no token for a part of ${JSON.stringify(text.slice(0, 60))}, and no unknown token.`,
          'Leave the character out of the text.',
        );
      }
      if (id !== unknown || after !== unknown) {
        ids.push(id);
      }
      after = id;
      end = start;
    }
    for (const id of ids.reverse()) {
      output.push(id);
    }
  }

  #walk(text: string, unknown: number | null): readonly (Step | undefined)[] {
    const steps: (Step | undefined)[] = new Array(text.length + 1);
    const improve = (end: number, step: Step): void => {
      if (step.score > (steps[end]?.score ?? Number.NEGATIVE_INFINITY)) {
        steps[end] = step;
      }
    };
    for (let start = 0; start < text.length; ) {
      const before = steps[start]?.score ?? 0;
      const char = Math.min(lengthOfChar(text.charCodeAt(start)), text.length - start);
      let hasChar = false;
      for (const length of this.#lengths.get(text.charCodeAt(start)) ?? []) {
        const id = start + length <= text.length ? this.#ids.get(text.slice(start, start + length)) : undefined;
        if (id !== undefined) {
          const userDefined = (this.tokens.attrs[id] ?? 0) & ATTR.userDefined;
          improve(start + length, { id, start, score: before + (userDefined ? 0 : (this.tokens.scores[id] ?? 0)) });
          hasChar ||= length === char;
        }
      }
      if (!hasChar) {
        improve(start + char, { id: unknown, start, score: before + this.#unknownScore });
      }
      start += char;
    }
    return steps;
  }

  /**
   * The longest beginning of a user-defined token at a position. llama.cpp keeps it even if the token does not follow
   * whole (naive_trie::get_longest_prefix). It is that of a neighbour in the order of the bytes.
   */
  #keptAt(text: string, at: number): Part | undefined {
    const rest = text.slice(at, at + LONGEST_KEPT);
    let [low, high] = [0, this.#kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#kept[middle] as string) < rest) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const length = Math.max(...[low - 1, low].map((i) => commonLength(text, at, this.#kept[i] ?? '')));
    return length > 0 ? { length } : undefined;
  }

  #normalized(text: string): string {
    const { addPrefix, mergeSpaces, charsMap } = this.normalizer;
    let result = '';
    let isPrefixed = false;
    let inWord = false;
    for (let at = 0; at < text.length; ) {
      const { length, replacement = text.slice(at, at + length) } =
        this.#keptAt(text, at) ?? charsMap?.longest(text, at) ?? charAt(text, at);
      for (const byte of replacement) {
        if (byte !== ' ') {
          if (!inWord && (mergeSpaces || (addPrefix && !isPrefixed))) {
            result += SPACE;
            isPrefixed = true;
          }
          inWord = true;
          result += byte;
        } else {
          inWord = false;
          result += mergeSpaces ? '' : SPACE;
        }
      }
      at += length;
    }
    return result;
  }
}

/** A part of a text, and what it becomes if it does not stay. */
interface Part {
  readonly length: number;
  readonly replacement?: string;
}

const INVALID: Part = { length: 1, replacement: bytesOf('\ufffd') };

/** The character at a position. A byte that begins none becomes U+FFFD. */
function charAt(text: string, at: number): Part {
  const first = text.charCodeAt(at);
  const length = lengthOfChar(first);
  const rest = text.slice(at + 1, at + length);
  const isWhole = first < 0x80 || (first >= 0xc0 && rest.length === length - 1 && /^[\x80-\xbf]*$/.test(rest));
  return isWhole ? { length } : INVALID;
}

function commonLength(text: string, at: number, token: string): number {
  let length = 0;
  while (length < token.length && text[at + length] === token[length]) {
    length++;
  }
  return length;
}

/** A text as a string with a character for each byte. */
function bytesOf(text: string): string {
  return Buffer.from(encodeRaw(text)).toString('latin1');
}

/** The bytes of a character in UTF-8, by the first of them. */
function lengthOfChar(byte: number): number {
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}
