import { isObject, type Json, type JsonObject } from '../json.js';
import { MAX_VOCABULARY } from '../limits.js';
import { BrokenTokenizerError, InvalidTokenIdError } from './errors.js';
import { type TokenizerClass, tokenizerClass } from './tokenizer-classes.js';
import { objectAt, objectsAt, stringAt, type TokenizerFiles } from './tokenizer-files.js';

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

export interface AddedToken {
  readonly content: string;
  readonly special: boolean;
  readonly normalized: boolean;
}

/** The roles, in transformers' order, before the additional ones. */
const ROLES = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;

/** @throws BrokenTokenizerError, InvalidTokenIdError */
export function autoTokenizer(tokenizer: JsonObject, files: TokenizerFiles, modelType: string): AutoTokenizer {
  const added = new AddedVocabulary(objectAt(tokenizer.model, 'vocab'));
  for (const token of objectsAt(tokenizer, 'added_tokens')) {
    added.add(addedToken(token, 'tokenizer.json'));
  }
  const { declared, roles } = declaredTokens(tokenizer, files);
  const className = stringAt(files.tokenizerConfig, 'tokenizer_class') ?? stringAt(files.config, 'tokenizer_class');
  const known = tokenizerClass(className ?? null, modelType);
  const specials = specialTokens(roles, tokenizer, new Set(declared.map((token) => token.content)), known);
  for (const token of declared) {
    added.add({ ...token, special: token.special || specials.has(token.content) });
  }
  for (const { overrides, ...token } of specials.values()) {
    if (overrides || !added.has(token.content)) {
      added.add({ ...token, special: true });
    }
  }
  const ids = [...specials.keys()].map((content) => added.id(content));
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
  readonly tokens: (string | undefined)[];
  readonly baseSize: number;
  readonly #vocabulary: JsonObject;
  readonly #ids = new Map<string, number>();
  #last = -1;
  #new = 0;

  constructor(vocabulary: JsonObject) {
    this.#vocabulary = vocabulary;
    const texts = Object.keys(vocabulary);
    this.baseSize = texts.length;
    this.tokens = [];
    for (const token of texts) {
      this.tokens[tokenId(vocabulary[token], 'tokenizer.json', `model.vocab[${JSON.stringify(token)}]`)] = token;
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

  /** A token that is there already keeps its id and takes the new flags. */
  add(token: AddedToken): void {
    if (token.content === '') {
      return;
    }
    let id = this.id(token.content);
    if (id === undefined) {
      id = Math.max(this.#last + 1, this.baseSize);
      this.#new++;
    }
    if (id >= MAX_VOCABULARY) {
      throw new BrokenTokenizerError('tokenizer.json', `has more than ${MAX_VOCABULARY} tokens`);
    }
    this.#last = Math.max(this.#last, id);
    this.#ids.set(token.content, id);
    this.byId.set(id, token);
    this.tokens[id] = token.content;
  }
}

function tokenId(id: Json | undefined, file: string, key: string): number {
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MAX_VOCABULARY) {
    throw new InvalidTokenIdError(file, key, id ?? null);
  }
  return id;
}

function addedToken(token: JsonObject, file: string): AddedToken {
  if (typeof token.content !== 'string') {
    throw new BrokenTokenizerError(file, `an added token has the content ${JSON.stringify(token.content ?? null)}`);
  }
  const special = token.special === true;
  return {
    content: token.content,
    special,
    normalized: typeof token.normalized === 'boolean' ? token.normalized : !special,
  };
}

interface Declared {
  /** Tokens that transformers adds once more, in the order of their declared ids. */
  readonly declared: readonly AddedToken[];
  /** `bos_token` and its like, as the files give them. */
  readonly roles: JsonObject;
}

/** `added_tokens_decoder` of tokenizer_config.json; where that is missing, the files of older versions. */
function declaredTokens(tokenizer: JsonObject, files: TokenizerFiles): Declared {
  const config = files.tokenizerConfig ?? {};
  const byId = new Map<number, AddedToken>();
  let roles: JsonObject = config;
  if (isObject(config.added_tokens_decoder)) {
    for (const [id, token] of Object.entries(config.added_tokens_decoder)) {
      const key = `added_tokens_decoder[${JSON.stringify(id)}]`;
      if (!isObject(token)) {
        throw new BrokenTokenizerError('tokenizer_config.json', `${key} is no token`);
      }
      byId.set(tokenId(Number(id), 'tokenizer_config.json', key), addedToken(token, 'tokenizer_config.json'));
    }
  } else {
    const additional = [config, files.specialTokensMap ?? {}].flatMap((file) =>
      listAt(file, 'additional_special_tokens'),
    );
    roles = { ...config, ...files.specialTokensMap, additional_special_tokens: additional };
    const specials = new Set([...ROLES.map((role) => roles[role]), ...additional].map(contentOf));
    for (const [content, id] of Object.entries(files.addedTokens ?? {})) {
      const special = specials.has(content);
      byId.set(tokenId(id, 'added_tokens.json', content), { content, special, normalized: !special });
    }
    for (const token of objectsAt(tokenizer, 'added_tokens')) {
      byId.set(tokenId(token.id, 'tokenizer.json', 'added_tokens'), addedToken(token, 'tokenizer.json'));
    }
  }
  return { declared: [...byId].sort(([a], [b]) => a - b).map(([, token]) => token), roles };
}

interface SpecialToken extends Omit<AddedToken, 'special'> {
  /** Whether its flags replace those of a token that is there already. */
  readonly overrides: boolean;
}

/** All special tokens by their text, in transformers' order. */
function specialTokens(
  roles: JsonObject,
  tokenizer: JsonObject,
  declared: ReadonlySet<string>,
  known: TokenizerClass,
): ReadonlyMap<string, SpecialToken> {
  const specials = new Map<string, SpecialToken>();
  const put = (token: Json | undefined, asObject: boolean) => {
    const content = contentOf(token);
    if (content && !specials.has(content)) {
      const normalized = isObject(token) && token.normalized === true;
      specials.set(content, { content, normalized, overrides: asObject });
    }
  };
  for (const role of ROLES) {
    const fallback =
      known.defaults[role] ?? (role === 'pad_token' ? stringAt(tokenizer.padding, 'pad_token') : undefined);
    // A role that is null has no token; one that is missing gets the class's.
    const given = role in roles;
    const token = given ? roles[role] : fallback;
    const content = contentOf(token);
    const isDeclared = given && content !== undefined && declared.has(content);
    put(token, !isDeclared && (isObject(token) || known.overrides === true));
  }
  const extra = roles.extra_special_tokens;
  for (const token of [
    ...listAt(roles, 'additional_special_tokens'),
    ...(known.additional ?? []),
    ...(isObject(extra) ? Object.values(extra) : listAt(roles, 'extra_special_tokens')),
  ]) {
    put(token, isObject(token));
  }
  return specials;
}

/** A special token is given by its text, or as an object. */
function contentOf(token: Json | undefined): string | undefined {
  return typeof token === 'string' ? token : stringAt(token, 'content');
}

function listAt(value: JsonObject, key: string): readonly Json[] {
  const member = value[key];
  return Array.isArray(member) ? member : [];
}
