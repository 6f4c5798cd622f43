import type { GgufValue } from '../gguf/types.js';
import { printableJson } from '../printable.js';
import { withoutSecrets } from '../secrets.js';

/** Longer arrays (a vocabulary) are given by their length and first entries. */
const MAX_ARRAY = 64;

/**
 * JSON, on one line unless it is indented: long key-value arrays cut, typed ones as lists. 64-bit integers beyond 2^53 become
 * strings, and so do infinities and NaN, which JSON has no numbers for. Hidden characters are escaped, and secrets taken out.
 * @param maxArray entries; Infinity cuts nothing.
 * @param indent columns for each level, on lines of their own; 0: one line.
 */
export function toJsonLine(value: unknown, maxArray = MAX_ARRAY, indent = 0): string {
  const replaced = (_: string, entry: unknown) => {
    if (typeof entry === 'string') {
      return withoutSecrets(entry);
    }
    if (typeof entry === 'bigint') {
      const number = Number(entry);
      return Number.isSafeInteger(number) ? number : String(entry);
    }
    if (typeof entry === 'number' && !Number.isFinite(entry)) {
      return String(entry);
    }
    if (!isGgufArray(entry)) {
      // The importance of columns, of which a plan has as many as weights have: nobody reads them.
      return ArrayBuffer.isView(entry) ? undefined : entry;
    }
    const { of, value } = entry;
    return value.length > maxArray
      ? { type: 'array', of, length: value.length, first: Array.from(value).slice(0, 8) }
      : { type: 'array', of, value: Array.from(value) };
  };
  return printableJson(JSON.stringify(value, replaced, indent));
}

function isGgufArray(entry: unknown): entry is Extract<GgufValue, { type: 'array' }> {
  return typeof entry === 'object' && entry !== null && 'of' in entry && 'type' in entry && entry.type === 'array';
}
