import type { JsonObject } from '../json.js';
import { isId, malformed, objectField, stringField } from './fields.js';
import { TokenIds } from './token-ids.js';

/**
 * WordPiece: from the left, it takes the longest piece that the vocabulary has. A word that cannot be covered becomes
 * the unknown token.
 */
export class WordPiece {
  readonly #ids: TokenIds;
  readonly #unknown: string;
  readonly #prefix: string;
  readonly #longest: number;

  constructor(fields: JsonObject) {
    this.#ids = new TokenIds(objectField(fields, 'vocab', 'model'));
    this.#unknown = stringField(fields, 'unk_token', 'model', '[UNK]');
    this.#prefix = stringField(fields, 'continuing_subword_prefix', 'model', '##');
    const longest = fields.max_input_chars_per_word ?? 100;
    if (!isId(longest)) {
      throw malformed('model.max_input_chars_per_word is no count');
    }
    this.#longest = longest;
  }

  get size(): number {
    return this.#ids.size;
  }

  idOf(token: string): number | undefined {
    return this.#ids.idOf(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#ids.tokenOf(id);
  }

  encode(word: string): readonly number[] {
    const chars = [...word];
    const ids: number[] = [];
    for (let start = 0; start < chars.length; ) {
      const piece = chars.length <= this.#longest ? this.#piece(chars, start) : null;
      if (!piece) {
        return [this.#unknownId()];
      }
      ids.push(piece.id);
      start = piece.end;
    }
    return ids;
  }

  #piece(chars: readonly string[], start: number): { id: number; end: number } | null {
    for (let end = chars.length; end > start; end--) {
      const id = this.idOf((start > 0 ? this.#prefix : '') + chars.slice(start, end).join(''));
      if (id !== undefined) {
        return { id, end };
      }
    }
    return null;
  }

  #unknownId(): number {
    const id = this.idOf(this.#unknown);
    if (id === undefined) {
      throw malformed(`model.vocab lacks its unk_token ${JSON.stringify(this.#unknown)}`);
    }
    return id;
  }
}
