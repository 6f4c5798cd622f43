import { isObject, type Json, type JsonObject } from '../json.js';
import { MAX_ADDED_TOKENS, MAX_MERGES, MAX_VOCABULARY } from '../limits.js';
import type { SmallFiles } from '../repo/small-files.js';
import { malformedFile } from './errors.js';
import { tokenTexts } from './token-ids.js';

/** The JSON files that describe a tokenizer, each parsed once; null for a missing file. */
export interface TokenizerFiles {
  readonly tokenizer: JsonObject | null;
  readonly tokenizerConfig: JsonObject | null;
  readonly specialTokensMap: JsonObject | null;
  readonly addedTokens: JsonObject | null;
  /** config.json as it is, without defaults. */
  readonly config: JsonObject | null;
}

/** Reads the files. @throws MalformedJsonError, JsonLimitError, MalformedTokenizerError where they have too much */
export async function readTokenizerFiles(files: SmallFiles): Promise<TokenizerFiles> {
  const read = {
    tokenizer: await files.json('tokenizer.json'),
    tokenizerConfig: await files.json('tokenizer_config.json'),
    specialTokensMap: await files.json('special_tokens_map.json'),
    addedTokens: await files.json('added_tokens.json'),
    config: await files.json('config.json'),
  };
  for (const { file, path, most } of COUNTS) {
    const value = path.reduce<Json | undefined>((part, key) => (isObject(part) ? part[key] : undefined), read[file]);
    const count = countOf(value);
    if (count > most) {
      const place = path.length === 0 ? '' : `${path.join('.')} `;
      throw malformedFile(NAMES[file], `${place}has ${count} entries, more than ${most}`);
    }
  }
  return read;
}

const NAMES: Readonly<Record<keyof TokenizerFiles, string>> = {
  tokenizer: 'tokenizer.json',
  tokenizerConfig: 'tokenizer_config.json',
  specialTokensMap: 'special_tokens_map.json',
  addedTokens: 'added_tokens.json',
  config: 'config.json',
};

/** The lists and objects that have an entry for each token or merge. */
const COUNTS: readonly { file: keyof TokenizerFiles; path: readonly string[]; most: number }[] = [
  { file: 'tokenizer', path: ['model', 'vocab'], most: MAX_VOCABULARY },
  { file: 'tokenizer', path: ['model', 'merges'], most: MAX_MERGES },
  { file: 'tokenizer', path: ['added_tokens'], most: MAX_ADDED_TOKENS },
  { file: 'tokenizerConfig', path: ['added_tokens_decoder'], most: MAX_ADDED_TOKENS },
  { file: 'tokenizerConfig', path: ['additional_special_tokens'], most: MAX_ADDED_TOKENS },
  { file: 'tokenizerConfig', path: ['extra_special_tokens'], most: MAX_ADDED_TOKENS },
  { file: 'specialTokensMap', path: ['additional_special_tokens'], most: MAX_ADDED_TOKENS },
  { file: 'addedTokens', path: [], most: MAX_ADDED_TOKENS },
];

function countOf(value: Json | undefined): number {
  return Array.isArray(value) ? value.length : isObject(value) ? tokenTexts(value).length : 0;
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
