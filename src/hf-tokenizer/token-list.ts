import { MAX_VOCABULARY } from '../limits.js';
import type { AddedToken } from './added-token.js';
import { malformed } from './fields.js';
import type { TokenizerModel } from './model.js';

/** What is looked for in a text, and the token that it stands for. */
export interface SoughtForm {
  readonly form: AddedToken;
  readonly id: number;
  /** The token with the flags that it has now, which can be others than the form's. */
  readonly token: AddedToken;
}

/**
 * The tokens of a model, and the tokens added to them. An added token that the model has keeps its id; another takes the
 * next free id, whatever id a file gives it.
 * Reference: tokenizers 0.22, `AddedVocabulary`.
 */
export class TokenList {
  readonly #added = new Map<number, AddedToken>();
  readonly #ids = new Map<string, number>();
  /** Special tokens as they were first added. */
  readonly #special = new Map<string, AddedToken>();
  /** Other tokens, in every form that was added. */
  readonly #others: AddedToken[] = [];
  #last = -1;
  #new = 0;

  constructor(readonly model: Pick<TokenizerModel, 'size' | 'idOf' | 'tokenOf'>) {}

  /** Distinct tokens, added ones included. */
  get size(): number {
    return this.model.size + this.#new;
  }

  /** By id; those of the model that are marked as added included. */
  get added(): ReadonlyMap<number, AddedToken> {
    return this.#added;
  }

  isAdded(content: string): boolean {
    return this.#ids.has(content);
  }

  idOf(content: string): number | undefined {
    return this.#ids.get(content) ?? this.model.idOf(content);
  }

  tokenOf(id: number): string | undefined {
    return this.#added.get(id)?.content ?? this.model.tokenOf(id);
  }

  /**
   * Tokens that are there already keep their ids and take the new flags, unless they had these before the call.
   * @throws MalformedTokenizerError where there are more tokens than MAX_VOCABULARY.
   */
  add(tokens: readonly AddedToken[]): void {
    for (const token of tokens) {
      if (token.special && !this.#special.has(token.content)) {
        this.#special.set(token.content, token);
      }
    }
    const before = new Set(Array.from(this.#added.values(), flagged));
    for (const token of tokens) {
      if (token.content !== '' && !before.has(flagged(token))) {
        this.#put(token);
      }
    }
  }

  /** Special tokens first. */
  sought(): SoughtForm[] {
    return [...this.#special.values(), ...this.#others].flatMap((form) => {
      const id = this.#ids.get(form.content);
      const token = id === undefined ? undefined : this.#added.get(id);
      return id === undefined || token === undefined ? [] : [{ form, id, token }];
    });
  }

  #put(token: AddedToken): void {
    let id = this.idOf(token.content);
    if (id === undefined) {
      id = Math.max(this.#last + 1, this.model.size);
      this.#new++;
    }
    if (id >= MAX_VOCABULARY) {
      throw malformed(`has more than ${MAX_VOCABULARY} tokens`);
    }
    this.#last = Math.max(this.#last, id);
    this.#ids.set(token.content, id);
    this.#added.set(id, token);
    if (!this.#special.has(token.content)) {
      this.#others.push(token);
    }
  }
}

/** A token with its flags, for comparison. */
function flagged({ content, special, normalized, lstrip, rstrip, singleWord }: AddedToken): string {
  return JSON.stringify([content, special, normalized, lstrip, rstrip, singleWord]);
}
