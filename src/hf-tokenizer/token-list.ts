import { MAX_VOCABULARY } from '../limits.js';
import type { AddedToken } from './added-token.js';
import { malformed } from './fields.js';
import type { TokenizerModel } from './model.js';

/** A form of a token to look for in a text, and the token that it stands for. */
export interface SoughtForm {
  readonly form: AddedToken;
  readonly id: number;
  /** The token with its present flags, which may differ from those of the form. */
  readonly token: AddedToken;
}

/**
 * The tokens of a model, and the tokens added to them. An added token that the model has keeps its id. Any other gets
 * the next free id, whatever id a file gives it.
 * ref-quirk: tokenizers 0.22, `AddedVocabulary`.
 */
export class TokenList {
  readonly #added = new Map<number, AddedToken>();
  readonly #ids = new Map<string, number>();
  /** Special tokens in the form in which they were first added. */
  readonly #special = new Map<string, AddedToken>();
  /** Other tokens, in every form in which they were added. */
  readonly #others: AddedToken[] = [];
  #last = -1;
  #new = 0;

  constructor(readonly model: Pick<TokenizerModel, 'size' | 'idOf' | 'tokenOf'>) {}

  /** The number of distinct tokens, added ones included. */
  get size(): number {
    return this.model.size + this.#new;
  }

  /** Added tokens by id, those included that the model has itself. */
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
   * Adds tokens. A token that exists keeps its id and takes the new flags, unless it had these flags before the call.
   * @throws MalformedTokenizerError for more tokens than MAX_VOCABULARY
   */
  add(tokens: readonly AddedToken[]): void {
    for (const token of tokens) {
      if (token.special && !this.#special.has(token.content)) {
        this.#special.set(token.content, token);
      }
    }
    const before = new Map(this.#added);
    for (const token of tokens) {
      const known = before.get(this.#ids.get(token.content) ?? -1);
      if (token.content !== '' && !(known && haveSameFlags(known, token))) {
        this.#put(token);
      }
    }
  }

  /** All forms to look for, special tokens first. */
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

function haveSameFlags(a: AddedToken, b: AddedToken): boolean {
  return (
    a.special === b.special &&
    a.normalized === b.normalized &&
    a.lstrip === b.lstrip &&
    a.rstrip === b.rstrip &&
    a.singleWord === b.singleWord
  );
}
