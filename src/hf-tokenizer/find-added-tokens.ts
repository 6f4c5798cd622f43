import type { AddedToken } from './added-token.js';
import type { Normalizer } from './normalizers.js';
import type { TokenList } from './token-list.js';

/** A part of a text: the id of an added token, or the text between two of them. */
type Part = number | string;

/** Makes a function that cuts added tokens out of a text. The text between them comes normalized. */
export function addedTokenFinder(list: TokenList, normalizer: Normalizer): (text: string) => Part[] {
  const forms = list.sought();
  const finder = (normalized: boolean): Finder =>
    new Finder(
      forms
        .filter(({ form }) => form.normalized === normalized)
        .map(({ form, id, token }) => ({ text: normalized ? normalizer(form.content) : form.content, id, token })),
    );
  const [plain, normalized] = [finder(false), finder(true)];
  return (text) =>
    plain.split(text).flatMap((part) => (typeof part === 'number' ? [part] : normalized.split(normalizer(part))));
}

const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const WORD_AFTER = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const SPACE = /^\p{White_Space}$/u;

interface Sought {
  readonly text: string;
  readonly id: number;
  readonly token: AddedToken;
}

/** Finds tokens in a text: the leftmost token, and of several at one position the longest. */
class Finder {
  /** Tokens by their first code unit, the longest first. */
  readonly #byFirst = new Map<number, Sought[]>();

  constructor(tokens: readonly Sought[]) {
    for (const sought of tokens.filter(({ text }) => text !== '').sort((a, b) => b.text.length - a.text.length)) {
      const first = sought.text.charCodeAt(0);
      const known = this.#byFirst.get(first);
      if (known) {
        known.push(sought);
      } else {
        this.#byFirst.set(first, [sought]);
      }
    }
  }

  split(text: string): Part[] {
    const parts: Part[] = [];
    let done = 0;
    for (let at = 0; at < text.length; ) {
      const found = this.#byFirst.get(text.charCodeAt(at))?.find((known) => text.startsWith(known.text, at));
      if (!found) {
        at++;
        continue;
      }
      const { token, id } = found;
      const end = at + found.text.length;
      if (!token.singleWord || standsAlone(text, at, end)) {
        const start = token.lstrip ? Math.max(spacesBefore(text, at), done) : at;
        if (start > done) {
          parts.push(text.slice(done, start));
        }
        parts.push(id);
        done = token.rstrip ? spacesAfter(text, end) : end;
      }
      at = Math.max(end, done);
    }
    return done < text.length ? [...parts, text.slice(done)] : parts;
  }
}

function standsAlone(text: string, start: number, end: number): boolean {
  return !WORD_BEFORE.test(text.slice(Math.max(0, start - 2), start)) && !WORD_AFTER.test(text.slice(end, end + 2));
}

function spacesBefore(text: string, end: number): number {
  let start = end;
  while (start > 0 && SPACE.test(text.charAt(start - 1))) {
    start--;
  }
  return start;
}

function spacesAfter(text: string, start: number): number {
  let end = start;
  while (end < text.length && SPACE.test(text.charAt(end))) {
    end++;
  }
  return end;
}
