import { type AddedToken, parseAddedToken } from '../hf-tokenizer/added-tokens.js';
import { SPECIAL_TOKEN_NAMES, tokenizerClass } from '../hf-tokenizer/tokenizer-classes.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { malformedFile } from './errors.js';
import { listAt } from './init-arguments.js';
import { tokenId } from './token-id.js';
import { objectAt, objectsAt, stringAt, type TokenizerFiles } from './tokenizer-files.js';

/**
 * The tokens that transformers adds to those of tokenizer.json.
 * Reference: transformers 4.57.6, tokenization_utils_base.py, `_from_pretrained`; tokenization_utils_fast.py, `__init__`.
 */

/** Classes whose special tokens become plain special ones, whatever flags tokenizer.json gives them. */
const OVERRIDING = /^Qwen2Tokenizer/;
/** Classes that take no padding token from tokenizer.json's `padding`. */
const OWN_PADDING = /^GPTNeoXTokenizer/;
/** Classes with additional special tokens of their own. */
const ADDITIONAL: Readonly<Record<string, readonly string[]>> = {
  CodeLlamaTokenizer: ['▁<PRE>', '▁<MID>', '▁<SUF>', '▁<EOT>'],
};

/**
 * `added_tokens_decoder` of tokenizer_config.json, in the order of its ids; where that is missing, added_tokens.json
 * and tokenizer.json's own.
 */
export function declaredTokens(tokenizer: JsonObject, files: TokenizerFiles, init: JsonObject): readonly AddedToken[] {
  const byId = new Map<number, AddedToken>();
  const file = 'tokenizer_config.json';
  if (isObject(init.added_tokens_decoder)) {
    for (const [id, token] of Object.entries(init.added_tokens_decoder)) {
      const key = `added_tokens_decoder[${JSON.stringify(id)}]`;
      if (!isObject(token)) {
        throw malformedFile(file, `${key} is no token`);
      }
      byId.set(tokenId(Number(id), file, key), parseAddedToken(token, `${file} ${key}`));
    }
  } else {
    const given = [...SPECIAL_TOKEN_NAMES.map((name) => init[`${name}_token`]), ...additionalTokens(init)];
    const texts = new Set(given.map(textOf));
    for (const [content, id] of Object.entries(files.addedTokens ?? {})) {
      const special = texts.has(content);
      const token = { ...plainSpecial(content), special, normalized: !special };
      byId.set(tokenId(id, 'added_tokens.json', JSON.stringify(content)), token);
    }
    for (const token of objectsAt(tokenizer, 'added_tokens')) {
      byId.set(tokenId(token.id, 'tokenizer.json', 'an added token'), parseAddedToken(token, 'added_tokens'));
    }
  }
  return [...byId].sort(([a], [b]) => a - b).map(([, token]) => token);
}

export interface SpecialToken {
  readonly token: AddedToken;
  /** Whether its flags replace those of a token that is there already. */
  readonly overrides: boolean;
}

/** All special tokens by their text, in transformers' order: the roles, then the additional ones. */
export function specialTokens(
  tokenizer: JsonObject,
  init: JsonObject,
  declared: ReadonlySet<string>,
): ReadonlyMap<string, SpecialToken> {
  const specials = new Map<string, SpecialToken>();
  const put = (given: Json | undefined, overrides: boolean) => {
    const content = textOf(given);
    if (content && !specials.has(content)) {
      const flags = isObject(given) ? parseAddedToken({ normalized: false, ...given }, 'tokenizer_config.json') : {};
      specials.set(content, { token: { ...plainSpecial(content), ...flags, special: true }, overrides });
    }
  };
  const className = stringAt(init, 'tokenizer_class') ?? '';
  const defaults = tokenizerClass(className).tokens;
  const padding = OWN_PADDING.test(className) ? undefined : stringAt(tokenizer.padding, 'pad_token');
  for (const name of SPECIAL_TOKEN_NAMES) {
    const key = `${name}_token`;
    // A role that is null has no token; one that is missing gets the class's.
    const given = key in init ? init[key] : (defaults[name] ?? (name === 'pad' ? padding : undefined));
    const isDeclared = key in init && declared.has(textOf(given) ?? '');
    put(given, !isDeclared && (isObject(given) || OVERRIDING.test(className)));
  }
  for (const given of [
    ...additionalTokens(init),
    ...(ADDITIONAL[className.replace(/Fast$/, '')] ?? []),
    ...extraTokens(init),
  ]) {
    put(given, isObject(given));
  }
  return specials;
}

/** Who adds a token that tokenizer.json does not have. */
export interface TokenOrigin {
  readonly file: string;
  /** What of it names the token, and how: `pad_token is`. */
  readonly says: string;
  readonly next: string;
}

/** Null for a token of tokenizer.json itself. */
export function tokenOrigin(
  token: string,
  tokenizer: JsonObject,
  files: TokenizerFiles,
  init: JsonObject,
): TokenOrigin | null {
  const own = objectsAt(tokenizer, 'added_tokens').some(({ content }) => content === token);
  if (own || Object.hasOwn(objectAt(tokenizer.model, 'vocab'), token)) {
    return null;
  }
  const next = 'Remove it there, or name a token that exists.';
  const fileOf = (key: string) =>
    files.tokenizerConfig && key in files.tokenizerConfig ? 'tokenizer_config.json' : 'special_tokens_map.json';
  const role = SPECIAL_TOKEN_NAMES.map((name) => `${name}_token`).find((key) => textOf(init[key]) === token);
  if (role) {
    return { file: fileOf(role), says: `${role} is`, next };
  }
  const lists: readonly (readonly [string, readonly (Json | undefined)[]])[] = [
    ['additional_special_tokens', additionalTokens(init)],
    ['extra_special_tokens', extraTokens(init)],
    ['added_tokens_decoder', Object.values(objectAt(init, 'added_tokens_decoder'))],
  ];
  const list = lists.find(([, tokens]) => tokens.some((given) => textOf(given) === token));
  if (list) {
    return { file: fileOf(list[0]), says: `${list[0]} has`, next };
  }
  if (files.addedTokens && Object.hasOwn(files.addedTokens, token)) {
    return { file: 'added_tokens.json', says: 'it has', next };
  }
  return {
    file: 'tokenizer_config.json',
    says: `the tokenizer's class, ${stringAt(init, 'tokenizer_class')}, adds`,
    next: 'Name the true tokenizer_class there; PreTrainedTokenizerFast adds none.',
  };
}

function additionalTokens(init: JsonObject): readonly Json[] {
  return listAt(init, 'additional_special_tokens');
}

/** By name, or as a list in files of transformers 5. */
function extraTokens(init: JsonObject): readonly (Json | undefined)[] {
  const extra = init.extra_special_tokens;
  return isObject(extra) ? Object.values(extra) : listAt(init, 'extra_special_tokens');
}

/** A special token is given by its text, or as an object. */
function textOf(token: Json | undefined): string | undefined {
  return typeof token === 'string' ? token : stringAt(token, 'content');
}

/** A special token that is given by its text alone. */
function plainSpecial(content: string): AddedToken {
  return { content, special: true, normalized: false, lstrip: false, rstrip: false, singleWord: false };
}
