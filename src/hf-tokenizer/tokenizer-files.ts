import { isObject, type Json, type JsonObject } from '../json.js';
import type { SmallFiles } from '../repo/small-files.js';

/** The JSON files that describe a tokenizer, each parsed once; null for a missing file. */
export interface TokenizerFiles {
  readonly tokenizer: JsonObject | null;
  readonly tokenizerConfig: JsonObject | null;
  readonly specialTokensMap: JsonObject | null;
  readonly addedTokens: JsonObject | null;
  /** config.json as it is, without defaults. */
  readonly config: JsonObject | null;
}

/** Reads the files. @throws MalformedJsonError */
export async function readTokenizerFiles(files: SmallFiles): Promise<TokenizerFiles> {
  return {
    tokenizer: await files.json('tokenizer.json'),
    tokenizerConfig: await files.json('tokenizer_config.json'),
    specialTokensMap: await files.json('special_tokens_map.json'),
    addedTokens: await files.json('added_tokens.json'),
    config: await files.json('config.json'),
  };
}

/** The object under a key, or an empty object. */
export function objectAt(value: Json | undefined, key: string): JsonObject {
  const member = isObject(value) ? value[key] : undefined;
  return isObject(member) ? member : {};
}

/** The objects in the list under a key. Other elements are left out. */
export function objectsAt(value: Json | undefined, key: string): readonly JsonObject[] {
  const member = isObject(value) ? value[key] : undefined;
  return Array.isArray(member) ? member.filter(isObject) : [];
}

/** The string under a key; undefined if there is none. */
export function stringAt(value: Json | undefined, key: string): string | undefined {
  const member = isObject(value) ? value[key] : undefined;
  return typeof member === 'string' ? member : undefined;
}
