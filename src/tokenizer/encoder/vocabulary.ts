import type { JsonObject } from '../../json.js';
import { isId } from './fields.js';

/** A vocabulary as JSON.parse left it: token → id. Nothing is copied until an id is asked for its token. */
export class Vocabulary {
  #tokens: string[] | null = null;
  #size: number | null = null;

  constructor(readonly entries: JsonObject) {}

  get size(): number {
    this.#size ??= Object.keys(this.entries).length;
    return this.#size;
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
    for (const token of Object.keys(this.entries)) {
      const id = this.idOf(token);
      if (id !== undefined) {
        tokens[id] = token;
      }
    }
    return tokens;
  }
}
