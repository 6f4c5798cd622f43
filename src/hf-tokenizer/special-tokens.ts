import { isObject, type Json, type JsonObject } from '../json.js';
import { type AddedToken, parseAddedToken } from './added-token.js';
import { malformedFile } from './errors.js';
import { listAt } from './init-arguments.js';
import { tokenId } from './token-id.js';
import {
  SPECIAL_TOKEN_NAMES,
  type SpecialTokenName,
  type SpecialTokens,
  type TokenizerClass,
} from './tokenizer-classes.js';
import { objectsAt, stringAt, type TokenizerFiles } from './tokenizer-files.js';
import { furtherTokens, versionOf } from './version-5.js';

/**
 * The tokens that transformers adds to those of tokenizer.json.
 * ref-quirk: transformers 4.57.6, `_from_pretrained` in tokenization_utils_base.py and `__init__` in
 * tokenization_utils_fast.py.
 */

/**
 * The tokens of `added_tokens_decoder` in tokenizer_config.json, in the order of ids. Without it, those of
 * added_tokens.json and of tokenizer.json.
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
    const texts = new Set(given.map(tokenText));
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

/** A special token to add. */
export interface SpecialToken {
  readonly token: AddedToken;
  /** Whether its flags replace those of a token that exists already. */
  readonly overrides: boolean;
}

/** All special tokens by text, in transformers' order: tokens with a role, then additional ones. */
export function specialTokens(
  tokenizer: JsonObject,
  files: TokenizerFiles,
  init: JsonObject,
  kind: TokenizerClass,
  declared: ReadonlySet<string>,
): ReadonlyMap<string, SpecialToken> {
  const specials = new Map<string, SpecialToken>();
  const put = (given: Json | undefined, overrides: boolean) => {
    const content = tokenText(given);
    if (content && !specials.has(content)) {
      const flags = isObject(given) ? parseAddedToken({ normalized: false, ...given }, 'tokenizer_config.json') : {};
      specials.set(content, { token: { ...plainSpecial(content), ...flags, special: true }, overrides });
    }
  };
  const pad = kind.ownPadding ? undefined : stringAt(tokenizer.padding, 'pad_token');
  const defaults = pad === undefined ? kind.tokens : { pad, ...kind.tokens };
  for (const name of SPECIAL_TOKEN_NAMES) {
    const given = roleToken(name, init, defaults);
    const isDeclared = `${name}_token` in init && declared.has(tokenText(given) ?? '');
    put(given, !isDeclared && (isObject(given) || kind.plainSpecial === true));
  }
  const further =
    versionOf(files.tokenizerConfig) === 5
      ? furtherTokens(files)
      : [...additionalTokens(init), ...(kind.additional ?? []), ...extraTokens(init)];
  for (const given of further) {
    put(given, isObject(given));
  }
  return specials;
}

/** The token of a role. A role that is null in the configuration has none; a role that is missing has the default. */
function roleToken(name: SpecialTokenName, init: JsonObject, defaults: SpecialTokens): Json | undefined {
  const key = `${name}_token`;
  return key in init ? init[key] : defaults[name];
}

/** The text of a role's token; undefined if the role has none. */
export function roleText(name: SpecialTokenName, init: JsonObject, kind: TokenizerClass): string | undefined {
  return tokenText(roleToken(name, init, kind.tokens));
}

/** The tokens of `additional_special_tokens`. */
export function additionalTokens(init: JsonObject): readonly Json[] {
  return listAt(init, 'additional_special_tokens');
}

/** The tokens of `extra_special_tokens`: an object of names, or a list in files of version 5. */
export function extraTokens(init: JsonObject): readonly (Json | undefined)[] {
  const extra = init.extra_special_tokens;
  return isObject(extra) ? Object.values(extra) : listAt(init, 'extra_special_tokens');
}

/** The text of a special token, which a file gives as a string or as an object. */
export function tokenText(token: Json | undefined): string | undefined {
  return typeof token === 'string' ? token : stringAt(token, 'content');
}

/** A special token of which only the text is given. */
function plainSpecial(content: string): AddedToken {
  return { content, special: true, normalized: false, lstrip: false, rstrip: false, singleWord: false };
}
