import { isObject, type Json, type JsonObject } from '../json.js';
import { booleanField, malformed, stringField } from './fields.js';
import type { Model } from './model.js';
import type { Normalizer } from './normalizers.js';

/** A token that is cut out of the text before anything else happens to it. */
export interface AddedToken {
  readonly content: string;
  /** Only where no letter or digit touches it. */
  readonly singleWord: boolean;
  /** Takes the spaces before it. */
  readonly lstrip: boolean;
  /** Takes the spaces behind it. */
  readonly rstrip: boolean;
  /** Looked for in the normalized text, not in the text as it is. */
  readonly normalized: boolean;
  readonly special: boolean;
}

/** An entry of `added_tokens`, or of `added_tokens_decoder` in tokenizer_config.json. */
export function parseAddedToken(fields: JsonObject, where: string): AddedToken {
  const special = booleanField(fields, 'special', where, false);
  return {
    content: stringField(fields, 'content', where),
    singleWord: booleanField(fields, 'single_word', where, false),
    lstrip: booleanField(fields, 'lstrip', where, false),
    rstrip: booleanField(fields, 'rstrip', where, false),
    normalized: booleanField(fields, 'normalized', where, !special),
    special,
  };
}

/** An added token and its id. */
export interface NumberedToken {
  readonly id: number;
  readonly token: AddedToken;
}

/** A text's parts: an added token's id, or text between. */
export type Part = number | string;

/**
 * The added tokens, numbered as the tokenizers library numbers them: by the vocabulary, or else from its end in the
 * order of their addition, whatever id the file gives.
 */
export class AddedTokens {
  readonly #tokens = new Map<string, NumberedToken>();
  readonly #byId = new Map<number, string>();
  /** What is looked for: of a special token its first form, of others every form that was added. */
  readonly #special = new Map<string, AddedToken>();
  readonly #others: AddedToken[] = [];
  #highest = -1;
  #finders: { plain: Finder; normalized: Finder } | null = null;

  constructor(
    readonly model: Model,
    readonly normalizer: Normalizer,
  ) {}

  /** A token of the same content takes the new one's properties. */
  add(token: AddedToken): void {
    const { content } = token;
    if (content === '') {
      return;
    }
    const id = this.idOf(content) ?? (this.#highest >= this.model.size ? this.#highest + 1 : this.model.size);
    this.#tokens.set(content, { id, token });
    this.#byId.set(id, content);
    this.#highest = Math.max(this.#highest, id);
    if (!token.special) {
      this.#others.push(token);
    } else if (!this.#special.has(content)) {
      this.#special.set(content, token);
    }
    this.#finders = null;
  }

  get(content: string): NumberedToken | undefined {
    return this.#tokens.get(content);
  }

  idOf(content: string): number | undefined {
    return this.#tokens.get(content)?.id ?? this.model.idOf(content);
  }

  tokenOf(id: number): string | undefined {
    return this.#byId.get(id) ?? this.model.tokenOf(id);
  }

  /** In the order of their ids. */
  list(): NumberedToken[] {
    return [...this.#tokens.values()].sort((a, b) => a.id - b.id);
  }

  /** Cuts the added tokens out; what lies between comes normalized. */
  split(text: string): Part[] {
    this.#finders ??= this.#buildFinders();
    const { plain, normalized } = this.#finders;
    return plain
      .split(text)
      .flatMap((part) => (typeof part === 'number' ? [part] : normalized.split(this.normalizer(part))));
  }

  #buildFinders(): { plain: Finder; normalized: Finder } {
    const forms = [...this.#special.values(), ...this.#others].flatMap((form) => {
      const numbered = this.#tokens.get(form.content);
      return numbered ? [{ form, numbered }] : [];
    });
    const sought = (normalized: boolean): Finder =>
      new Finder(
        forms
          .filter(({ form }) => form.normalized === normalized)
          .map(({ form, numbered }) => ({
            text: normalized ? this.normalizer(form.content) : form.content,
            ...numbered,
          })),
      );
    return { plain: sought(false), normalized: sought(true) };
  }
}

const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const WORD_AFTER = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const SPACE = /^\p{White_Space}$/u;

interface Sought extends NumberedToken {
  readonly text: string;
}

/** Finds tokens in a text: the leftmost, and there the longest. */
class Finder {
  /** By the first code unit, longest first. */
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

/** The `added_tokens` of tokenizer.json, in their order. */
export function parseAddedTokens(json: JsonObject): AddedToken[] {
  const list = json.added_tokens ?? [];
  if (!Array.isArray(list)) {
    throw malformed('added_tokens is no array');
  }
  return list.map((fields: Json, i) => {
    if (!isObject(fields)) {
      throw malformed(`added_tokens[${i}] is no object`);
    }
    return parseAddedToken(fields, `added_tokens[${i}]`);
  });
}
