import { isObject, type Json, type JsonObject } from '../json.js';
import { booleanField, malformed, stringField } from './fields.js';

/** A token that is cut out of a text before the text is normalized and split. */
export interface AddedToken {
  readonly content: string;
  /** Whether it is found only where no letter or digit touches it. */
  readonly singleWord: boolean;
  /** Whether it takes the spaces before it. */
  readonly lstrip: boolean;
  /** Whether it takes the spaces behind it. */
  readonly rstrip: boolean;
  /** Whether it is found in the normalized text rather than in the original one. */
  readonly normalized: boolean;
  readonly special: boolean;
}

/**
 * Reads an entry of `added_tokens` in tokenizer.json, or of `added_tokens_decoder` in tokenizer_config.json.
 * @throws MalformedTokenizerError
 */
export function parseAddedToken(fields: JsonObject, where: string): AddedToken {
  const special = booleanField(fields, 'special', where, false);
  return {
    content: stringField(fields, 'content', where),
    singleWord: booleanField(fields, 'single_word', where, false),
    lstrip: booleanField(fields, 'lstrip', where, false),
    rstrip: booleanField(fields, 'rstrip', where, false),
    normalized: booleanField(fields, 'normalized', where, !special),
    special,
  };
}

/** Reads `added_tokens` of tokenizer.json, in their order. @throws MalformedTokenizerError */
export function parseAddedTokens(json: JsonObject): AddedToken[] {
  const list = json.added_tokens ?? [];
  if (!Array.isArray(list)) {
    throw malformed('added_tokens is no array');
  }
  return list.map((fields: Json, i) => {
    if (!isObject(fields)) {
      throw malformed(`added_tokens[${i}] is no object`);
    }
    return parseAddedToken(fields, `added_tokens[${i}]`);
  });
}
