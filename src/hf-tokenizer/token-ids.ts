import type { JsonObject } from '../json.js';
import { isId } from './fields.js';

const texts = new WeakMap<JsonObject, readonly string[]>();

/** The tokens of a vocabulary. The list is kept, because listing the keys of a large object is slow. */
export function tokenTexts(vocabulary: JsonObject): readonly string[] {
  let known = texts.get(vocabulary);
  if (!known) {
    known = Object.keys(vocabulary);
    texts.set(vocabulary, known);
  }
  return known;
}

/** A vocabulary as JSON.parse returns it: token → id. It is copied only when the token of an id is first asked for. */
export class TokenIds {
  #tokens: string[] | null = null;

  constructor(readonly entries: JsonObject) {}

  get size(): number {
    return tokenTexts(this.entries).length;
  }

  /** The id of a token. Properties that every object inherits are functions, so they are no ids. */
  idOf(token: string): number | undefined {
    const id = this.entries[token];
    return isId(id) ? id : undefined;
  }

  tokenOf(id: number): string | undefined {
    this.#tokens ??= this.#inverse();
    return this.#tokens[id];
  }

  #inverse(): string[] {
    const tokens: string[] = [];
    for (const token of tokenTexts(this.entries)) {
      const id = this.idOf(token);
      if (id !== undefined) {
        tokens[id] = token;
      }
    }
    return tokens;
  }
}
