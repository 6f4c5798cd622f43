import { isObject, type Json, type JsonObject } from '../json.js';
import { type MalformedTokenizerError, malformedFile, UnsupportedTokenizerError } from './errors.js';

/** Makes the error for a field of tokenizer.json that does not follow the format. */
export function malformed(what: string): MalformedTokenizerError {
  return malformedFile('tokenizer.json', what);
}

/** Makes the error for a component of tokenizer.json that is not implemented. */
export function unsupported(what: string): UnsupportedTokenizerError {
  return new UnsupportedTokenizerError(
    `tokenizer.json uses ${what}, which this version does not know.`,
    'Report the model, so that it can be added.',
  );
}

/** Reads the `type` and the fields of a component (`normalizer`, `pre_tokenizer` and others). */
export function component(value: Json | undefined, where: string): { type: string; fields: JsonObject } {
  if (!isObject(value) || typeof value.type !== 'string') {
    throw malformed(`${where} is no object with a type`);
  }
  return { type: value.type, fields: value };
}

/** The most characters of a token, or of a component's pattern or text. The longest known pattern has about 1,500. */
export const MAX_TEXT = 20_000;

/**
 * Reads a string. A missing field gives the fallback, if there is one.
 * @param limits.most the most characters.
 * @throws MalformedTokenizerError
 */
export function stringField(
  fields: JsonObject,
  key: string,
  where: string,
  fallback?: string,
  { most = MAX_TEXT } = {},
): string {
  const value = fields[key] ?? fallback;
  if (typeof value !== 'string') {
    throw malformed(`${where}.${key} is no string`);
  }
  if (value.length > most) {
    throw malformed(`${where}.${key} has ${value.length} characters, more than ${most}`);
  }
  return value;
}

/** Reads a boolean. @throws MalformedTokenizerError */
export function booleanField(fields: JsonObject, key: string, where: string, fallback: boolean): boolean {
  const value = fields[key] ?? fallback;
  if (typeof value !== 'boolean') {
    throw malformed(`${where}.${key} is neither true nor false`);
  }
  return value;
}

/** Reads a list. @throws MalformedTokenizerError */
export function arrayField(fields: JsonObject, key: string, where: string): readonly Json[] {
  const value = fields[key];
  if (!Array.isArray(value)) {
    throw malformed(`${where}.${key} is no array`);
  }
  return value as readonly Json[];
}

/** Reads an object. @throws MalformedTokenizerError */
export function objectField(fields: JsonObject, key: string, where: string): JsonObject {
  const value = fields[key];
  if (!isObject(value)) {
    throw malformed(`${where}.${key} is no object`);
  }
  return value;
}

/** Ids are smaller than this, so that two of them fit into one double. */
export const ID_LIMIT = 2 ** 26;

/** Whether a value can be a token's id: a whole number from 0, below ID_LIMIT. */
export function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < ID_LIMIT;
}

/** The most levels of nested `Sequence`s, and of nested groups in a pattern. */
export const MAX_DEPTH = 32;
/** The most components of one `Sequence`. Released tokenizers have at most 8. */
export const MAX_SEQUENCE = 64;

/** The most characters, or ids, that components may make of a text. The texts to encode have a few thousand. */
const MAX_ENCODED = 2 ** 20;

/** Checks what a component makes, before the next one makes more of it. @throws MalformedTokenizerError */
export function checkLength(length: number, where: string): void {
  if (length > MAX_ENCODED) {
    throw malformed(`${where} makes more than ${MAX_ENCODED} characters or ids of a short text`);
  }
}

/** Lists the members of a `Sequence` after checking their number and depth. */
export function sequence(fields: JsonObject, key: string, where: string, depth: number): readonly Json[] {
  const members = arrayField(fields, key, where);
  if (members.length > MAX_SEQUENCE || depth >= MAX_DEPTH) {
    throw malformed(`${where} has more members, or is nested deeper, than any tokenizer needs`);
  }
  return members;
}
