import { PARTED } from './special.js';
import { ATTR, type Tokens } from './tokens.js';

interface Special {
  readonly id: number;
  readonly text: string;
  /** Bits of ATTR. */
  readonly attr: number;
}

/** Text, or a token that was found in it. */
type Part = string | number;

/**
 * Cuts the special tokens out of a text. The longest token (in bytes) is found first, wherever it stands. Without
 * `special` only user-defined tokens are found. Source: tokenizer_st_partition in src/llama-vocab.cpp.
 */
export class Partition {
  /** Special tokens, the longest first. */
  readonly #specials: readonly Special[];

  constructor({ texts, attrs }: Tokens) {
    const specials: Special[] = [];
    attrs.forEach((attr, id) => {
      const text = texts[id] ?? '';
      // A token whose bytes are not UTF-8 cannot be part of a text.
      if (attr & PARTED && !/\p{Cs}/u.test(text)) {
        specials.push({ id, text, attr });
      }
    });
    this.#specials = specials.sort((a, b) => Buffer.byteLength(b.text) - Buffer.byteLength(a.text));
  }

  parts(text: string, special: boolean): Part[] {
    let parts: Part[] = text === '' ? [] : [text];
    for (const token of this.#specials) {
      const parsed = special || !(token.attr & (ATTR.control | ATTR.unknown));
      if (parsed && text.includes(token.text)) {
        parts = parts.flatMap((part) => (typeof part === 'string' ? cutOut(part, token) : [part]));
      }
    }
    return parts;
  }
}

function cutOut(part: string, { id, text, attr }: Special): Part[] {
  const parts: Part[] = [];
  let rest = part;
  for (let at = rest.indexOf(text); at >= 0; at = rest.indexOf(text)) {
    const before = rest.slice(0, at);
    parts.push(attr & ATTR.lstrip ? before.replace(/[\t-\r ]+$/, '') : before, id);
    const after = rest.slice(at + text.length);
    rest = attr & ATTR.rstrip ? after.replace(/^[\t-\r ]+/, '') : after;
  }
  return [...parts, rest].filter((piece) => piece !== '');
}
