import type { GgufValue, Scalar } from '../gguf/types.js';
import { printable, quoted } from '../printable.js';

/** Values of GGUF files as a table shows them. */

/** Characters of a value, and entries of an array. */
export const VALUE_WIDTH = 80;
export const SHOWN_ENTRIES = 6;

/** `u32`, `string[32000]`. */
export function sizedTypeName(value: GgufValue): string {
  return value.type === 'array' ? `${value.of}[${value.value.length}]` : value.type;
}

/** On one line: long strings cut, long arrays by their first entries. */
export function valueText(value: GgufValue): string {
  if (value.type !== 'array') {
    return shorten(scalar(value.value, value.type));
  }
  const entries = Array.from({ length: Math.min(value.value.length, SHOWN_ENTRIES) }, (_, i) => value.value[i] ?? '');
  const more = value.value.length > SHOWN_ENTRIES ? ', …' : '';
  return shorten(`[${entries.map((entry) => shownEntry(entry, value.of)).join(', ')}${more}]`);
}

/** A float32 with the digits that tell it from its neighbours, not those of the double that holds it. */
function scalar(value: Scalar, type: string): string {
  if (type === 'f32' && typeof value === 'number') {
    const digits = [6, 7, 8, 9].find((count) => Math.fround(Number(value.toPrecision(count))) === value) ?? 9;
    return Number.isFinite(value) ? String(Number(value.toPrecision(digits))) : String(value);
  }
  return typeof value === 'string' ? printable(head(value)) : String(value);
}

/** What can be shown of a text at most, so that a long one is not escaped whole. */
function head(text: string): string {
  return text.length > 4 * VALUE_WIDTH ? text.slice(0, 4 * VALUE_WIDTH) : text;
}

/** To the width that a table has room for. */
export function shorten(text: string): string {
  const chars = [...text];
  return chars.length > VALUE_WIDTH ? `${chars.slice(0, VALUE_WIDTH - 1).join('')}…` : text;
}

/** Of an array. */
export function shownEntry(entry: Scalar, type: string): string {
  return typeof entry === 'string' ? quoted(head(entry)) : scalar(entry, type);
}
