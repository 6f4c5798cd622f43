import { SourceError } from './errors.js';

/** JSON as read from a repository: anything, until checked. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export class MalformedJsonError extends SourceError {}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What Python's `json` writes and reads besides JSON, as JSON that `JSON.parse` reads as the same (NaN: as nothing). */
const BEYOND_JSON = new Map([
  ['Infinity', '1e999'],
  ['NaN', 'null'],
]);

function toStrictJson(text: string): string {
  let inString = false;
  return text.replace(/\\.|"|Infinity|NaN/gs, (part) => {
    if (part === '"') {
      inString = !inString;
    }
    return inString ? part : (BEYOND_JSON.get(part) ?? part);
  });
}

/**
 * JSON, and Python's `Infinity` (as a number) and `NaN` (as null: no field means it).
 * @param where the file's name, for the message.
 * @throws MalformedJsonError
 */
export function parseJson(text: string, where: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    const json = toStrictJson(text);
    if (json !== text) {
      return parseJson(json, where);
    }
    throw new MalformedJsonError(
      `${where} is not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}.`,
      'Download the file again, or tell the repository about it.',
      { cause },
    );
  }
}

/** @throws MalformedJsonError */
export function parseJsonObject(text: string, where: string): JsonObject {
  const value = parseJson(text, where);
  if (!isObject(value)) {
    throw new MalformedJsonError(
      `${where} holds no JSON object.`,
      'Download the file again, or tell the repository about it.',
    );
  }
  return value;
}
