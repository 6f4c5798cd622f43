import type { GgufValue } from '../gguf/types.js';

/** Longer arrays (a vocabulary) are given by their length and first entries. */
const MAX_ARRAY = 64;

/** One line of JSON: bigints as numbers or strings, typed arrays as lists, long key-value arrays cut. */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) => {
    if (typeof entry === 'bigint') {
      const number = Number(entry);
      return Number.isSafeInteger(number) ? number : String(entry);
    }
    if (typeof entry === 'number' && !Number.isFinite(entry)) {
      return String(entry);
    }
    return isGgufArray(entry) && entry.value.length > MAX_ARRAY
      ? { type: 'array', of: entry.of, length: entry.value.length, first: Array.from(entry.value).slice(0, 8) }
      : entry;
  });
}

function isGgufArray(entry: unknown): entry is Extract<GgufValue, { type: 'array' }> {
  return typeof entry === 'object' && entry !== null && 'of' in entry && 'type' in entry && entry.type === 'array';
}
