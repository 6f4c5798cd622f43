import type { JsonObject } from '../json.js';
import { isId } from './fields.js';

const texts = new WeakMap<JsonObject, readonly string[]>();

/** The tokens of a vocabulary; listing the keys of so large an object takes a while, so it is done once. */
export function tokenTexts(vocabulary: JsonObject): readonly string[] {
  let known = texts.get(vocabulary);
  if (!known) {
    known = Object.keys(vocabulary);
    texts.set(vocabulary, known);
  }
  return known;
}

/** A vocabulary as JSON.parse left it: token → id. Nothing is copied until an id is asked for its token. */
export class TokenIds {
  #tokens: string[] | null = null;

  constructor(readonly entries: JsonObject) {}

  get size(): number {
    return tokenTexts(this.entries).length;
  }

  /** Names that every object inherits are functions, no ids. */
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
