import { SourceError } from './errors.js';
import { MAX_JSON_DEPTH, MAX_JSON_VALUES } from './limits.js';

/** JSON as read from a repository: anything, until checked. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export class MalformedJsonError extends SourceError {}
/** A JSON text is nested deeper, or has more values, than any file of its kind needs. */
export class JsonLimitError extends SourceError {
  constructor(what: string) {
    super(what, 'Check that the repository holds the right file.');
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as a message shows it: the beginning of its text. */
export function beginning(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The position of the quote that ends a string; the text's length if there is none. @param start of its first quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length && text.charCodeAt(at) !== QUOTE; at++) {
    if (text.charCodeAt(at) === BACKSLASH) {
      at++;
    }
  }
  return at;
}

/** The limit that a JSON text passes, if it does; found before any memory is taken for its values. */
export function limitPassed(text: string, maxValues = MAX_JSON_VALUES): 'depth' | 'values' | null {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth++;
        values++;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth--;
        break;
      case COMMA:
        values++;
        break;
    }
    if (depth > MAX_JSON_DEPTH) {
      return 'depth';
    }
    if (values > maxValues) {
      return 'values';
    }
  }
  return null;
}

/** @throws JsonLimitError */
function checkLimits(text: string, where: string, maxValues: number): void {
  const limit = limitPassed(text, maxValues);
  if (limit) {
    const what = {
      depth: `is nested deeper than ${MAX_JSON_DEPTH} levels`,
      values: `has more than ${maxValues} values`,
    };
    throw new JsonLimitError(`${where} ${what[limit]}.`);
  }
}

/** What Python's `json` writes and reads besides JSON, as JSON that `JSON.parse` reads as the same (NaN: as nothing). */
const BEYOND_JSON = [
  ['Infinity', '1e999'],
  ['NaN', 'null'],
] as const;

function toStrictJson(text: string): string {
  const parts: string[] = [];
  let done = 0;
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) === QUOTE) {
      at = endOfString(text, at);
      continue;
    }
    const found = BEYOND_JSON.find(([word]) => text.charCodeAt(at) === word.charCodeAt(0) && text.startsWith(word, at));
    if (found) {
      const [word, json] = found;
      parts.push(text.slice(done, at), json);
      done = at + word.length;
      at = done - 1;
    }
  }
  return done === 0 ? text : parts.join('') + text.slice(done);
}

/**
 * JSON, and Python's `Infinity` (as a number) and `NaN` (as null: no field means it).
 * @param where the file's name, for the message.
 * @param maxValues the most objects, arrays and members, in all.
 * @throws MalformedJsonError, JsonLimitError
 */
export function parseJson(text: string, where: string, maxValues = MAX_JSON_VALUES): Json {
  checkLimits(text, where, maxValues);
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    const json = toStrictJson(text);
    if (json !== text) {
      return parseJson(json, where, maxValues);
    }
    throw new MalformedJsonError(
      `${where} is not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}.`,
      'Download the file again, or tell the repository about it.',
      { cause },
    );
  }
}

/** @throws MalformedJsonError, JsonLimitError */
export function parseJsonObject(text: string, where: string, maxValues?: number): JsonObject {
  const value = parseJson(text, where, maxValues);
  if (!isObject(value)) {
    throw new MalformedJsonError(
      `${where} holds no JSON object.`,
      'Download the file again, or tell the repository about it.',
    );
  }
  return value;
}
