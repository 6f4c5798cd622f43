import { PARTED } from './special.js';
import { ATTR, type Tokens } from './tokens.js';

/** Text, or a token that was found in it. */
export type Part = string | number;

/**
 * Parts a text by the special tokens in it: the longest token (in bytes) first, wherever it stands; llama-vocab.cpp,
 * tokenizer_st_partition. Without `special`, only user-defined tokens are found.
 */
export class Partition {
  /** Longest first. */
  readonly #specials: readonly { readonly id: number; readonly text: string; readonly attr: number }[];

  constructor({ texts, attrs }: Tokens) {
    this.#specials = [...attrs.keys()]
      .filter((id) => (attrs[id] ?? 0) & PARTED)
      .map((id) => ({ id, text: texts[id] ?? '', attr: attrs[id] ?? 0 }))
      // Bytes that are no UTF-8 are not part of any text.
      .filter(({ text }) => !/\p{Cs}/u.test(text))
      .sort((a, b) => Buffer.byteLength(b.text) - Buffer.byteLength(a.text));
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

function cutOut(part: string, { id, text, attr }: { id: number; text: string; attr: number }): Part[] {
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
