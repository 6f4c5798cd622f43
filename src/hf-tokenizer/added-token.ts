import { isObject, type Json, type JsonObject } from '../json.js';
import { booleanField, malformed, stringField } from './fields.js';

/** A token that is cut out of the text before anything else happens to it. */
export interface AddedToken {
  readonly content: string;
  /** Only where no letter or digit touches it. */
  readonly singleWord: boolean;
  /** Takes the spaces before it. */
  readonly lstrip: boolean;
  /** Takes the spaces behind it. */
  readonly rstrip: boolean;
  /** Looked for in the normalized text, not in the text as it is. */
  readonly normalized: boolean;
  readonly special: boolean;
}

/** An entry of `added_tokens`, or of `added_tokens_decoder` in tokenizer_config.json. @throws MalformedTokenizerError */
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

/** The `added_tokens` of tokenizer.json, in their order. @throws MalformedTokenizerError */
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
