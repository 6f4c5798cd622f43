import { type AddedToken, parseAddedTokens } from '../hf-tokenizer/added-tokens.js';
import { tokenTexts } from '../hf-tokenizer/vocabulary.js';
import type { JsonObject } from '../json.js';
import { MAX_VOCABULARY } from '../limits.js';
import { malformedFile } from './errors.js';
import { declaredTokens, specialTokens } from './special-tokens.js';
import { tokenId } from './token-id.js';
import { objectAt, type TokenizerFiles } from './tokenizer-files.js';

/**
 * What transformers' `AutoTokenizer.from_pretrained` makes of tokenizer.json, tokenizer_config.json,
 * special_tokens_map.json and added_tokens.json: vocabulary, added tokens and special tokens, which is all that the
 * reference reads. Not a tokenizer: it encodes nothing.
 * Reference: tokenizers 0.22 (AddedVocabulary::add_tokens), transformers 4.57.6 (tokenization_utils_base.py,
 * `_from_pretrained`; tokenization_utils_fast.py, `__init__`).
 */
export interface AutoTokenizer {
  /** Tokens of the model alone, without the added ones. */
  readonly baseSize: number;
  /** Distinct tokens, added ones included. */
  readonly size: number;
  /** Token by id; a hole where no token has the id. */
  readonly tokens: readonly (string | undefined)[];
  /** By id, those of the model that are marked as added included. */
  readonly added: ReadonlyMap<number, AddedToken>;
  /** Ids of the tokens that have a role: bos, eos, ..., additional special tokens. */
  readonly specialIds: ReadonlySet<number>;
}

/**
 * @param init what the tokenizer class is given (initArguments).
 * @throws MalformedTokenizerError, InvalidTokenIdError, MalformedTokenizerError
 */
export function autoTokenizer(tokenizer: JsonObject, files: TokenizerFiles, init: JsonObject): AutoTokenizer {
  const added = new AddedVocabulary(objectAt(tokenizer.model, 'vocab'));
  added.add(parseAddedTokens(tokenizer));
  const declared = declaredTokens(tokenizer, files, init);
  const declaredTexts = new Set(declared.map((token) => token.content));
  const specials = specialTokens(tokenizer, init, declaredTexts);
  const isKnown = (content: string) => added.has(content) || declaredTexts.has(content);
  added.add([
    ...declared.map((token) => ({ ...token, special: token.special || specials.has(token.content) })),
    ...Array.from(specials.values())
      .filter(({ token, overrides }) => overrides || !isKnown(token.content))
      .map(({ token }) => token),
  ]);
  const ids = Array.from(specials.keys(), (content) => added.id(content));
  return {
    baseSize: added.baseSize,
    size: added.size,
    tokens: added.tokens,
    added: added.byId,
    specialIds: new Set(ids.filter((id) => id !== undefined)),
  };
}

/** The vocabulary, and the tokens added to it: each takes the next free id, whatever id a file gives it. */
class AddedVocabulary {
  readonly byId = new Map<number, AddedToken>();
  readonly tokens: (string | undefined)[] = [];
  readonly baseSize: number;
  readonly #vocabulary: JsonObject;
  readonly #ids = new Map<string, number>();
  #last = -1;
  #new = 0;

  constructor(vocabulary: JsonObject) {
    this.#vocabulary = vocabulary;
    const texts = tokenTexts(vocabulary);
    this.baseSize = texts.length;
    for (const token of texts) {
      this.tokens[tokenId(vocabulary[token], 'tokenizer.json model.vocab', token)] = token;
    }
  }

  get size(): number {
    return this.baseSize + this.#new;
  }

  has(content: string): boolean {
    return this.#ids.has(content);
  }

  id(content: string): number | undefined {
    const known = this.#ids.get(content);
    if (known !== undefined || !Object.hasOwn(this.#vocabulary, content)) {
      return known;
    }
    return this.#vocabulary[content] as number;
  }

  /** Tokens that are there already keep their ids and take the new flags, unless they had these before the call. */
  add(tokens: readonly AddedToken[]): void {
    const before = new Set(Array.from(this.byId.values(), flagged));
    for (const token of tokens) {
      if (token.content !== '' && !before.has(flagged(token))) {
        this.#put(token);
      }
    }
  }

  #put(token: AddedToken): void {
    let id = this.id(token.content);
    if (id === undefined) {
      id = Math.max(this.#last + 1, this.baseSize);
      this.#new++;
    }
    if (id >= MAX_VOCABULARY) {
      throw malformedFile('tokenizer.json', `has more than ${MAX_VOCABULARY} tokens`);
    }
    this.#last = Math.max(this.#last, id);
    this.#ids.set(token.content, id);
    this.byId.set(id, token);
    this.tokens[id] = token.content;
  }
}

/** A token with its flags, for comparison. */
function flagged({ content, special, normalized, lstrip, rstrip, singleWord }: AddedToken): string {
  return JSON.stringify([content, special, normalized, lstrip, rstrip, singleWord]);
}
