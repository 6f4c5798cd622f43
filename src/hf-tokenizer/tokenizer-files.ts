import { isObject, type Json, type JsonObject } from '../json.js';
import type { SmallFiles } from '../repo/small-files.js';

/** The JSON files that a tokenizer is described in, each parsed once; null where there is none. */
export interface TokenizerFiles {
  readonly tokenizer: JsonObject | null;
  readonly tokenizerConfig: JsonObject | null;
  readonly specialTokensMap: JsonObject | null;
  readonly addedTokens: JsonObject | null;
  /** config.json as it stands, before defaults and merging. */
  readonly config: JsonObject | null;
}

/** @throws MalformedJsonError */
export async function readTokenizerFiles(files: SmallFiles): Promise<TokenizerFiles> {
  return {
    tokenizer: await files.json('tokenizer.json'),
    tokenizerConfig: await files.json('tokenizer_config.json'),
    specialTokensMap: await files.json('special_tokens_map.json'),
    addedTokens: await files.json('added_tokens.json'),
    config: await files.json('config.json'),
  };
}

/** A member that is an object, or an empty object. */
export function objectAt(value: Json | undefined, key: string): JsonObject {
  const member = isObject(value) ? value[key] : undefined;
  return isObject(member) ? member : {};
}

/** A member that is a list of objects; what else is in the list is left out. */
export function objectsAt(value: Json | undefined, key: string): readonly JsonObject[] {
  const member = isObject(value) ? value[key] : undefined;
  return Array.isArray(member) ? member.filter(isObject) : [];
}

export function stringAt(value: Json | undefined, key: string): string | undefined {
  const member = isObject(value) ? value[key] : undefined;
  return typeof member === 'string' ? member : undefined;
}
