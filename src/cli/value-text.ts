import type { KeyChange } from '../files/key-changes.js';
import type { GgufValue, Scalar } from '../gguf/types.js';
import { printable, quoted } from './format.js';

/** Values of GGUF files as a table shows them. */

/** Characters of a value, and entries of an array. */
const VALUE_WIDTH = 80;
const SHOWN_ENTRIES = 6;

/** `u32`, `string[32000]`. */
export function typeName(value: GgufValue): string {
  return value.type === 'array' ? `${value.of}[${value.value.length}]` : value.type;
}

/** On one line: long strings cut, long arrays by their first entries. */
export function shown(value: GgufValue): string {
  if (value.type !== 'array') {
    return cut(scalar(value.value, value.type));
  }
  const entries = Array.from({ length: Math.min(value.value.length, SHOWN_ENTRIES) }, (_, i) => value.value[i] ?? '');
  const more = value.value.length > SHOWN_ENTRIES ? ', …' : '';
  return cut(`[${entries.map((entry) => quotedScalar(entry, value.of)).join(', ')}${more}]`);
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
export function cut(text: string): string {
  const chars = [...text];
  return chars.length > VALUE_WIDTH ? `${chars.slice(0, VALUE_WIDTH - 1).join('')}…` : text;
}

/** `+ key  type  value`, `- key ...`, or both sides of a change. */
export function changeLine({ key, from, to }: KeyChange): string {
  const side = (value: GgufValue) => `${typeName(value)}  ${shown(value)}`;
  const name = cut(printable(key));
  if (!from || !to) {
    const value = from ?? to;
    return `${from ? '-' : '+'} ${name}  ${value ? side(value) : ''}`;
  }
  return `~ ${name}  ${entryChange(from, to) ?? `${side(from)}  →  ${side(to)}`}`;
}

/** Of two arrays as long as each other, that are too long to be shown: how many entries differ, and the first. */
function entryChange(from: GgufValue, to: GgufValue): string | null {
  if (from.type !== 'array' || to.type !== 'array' || from.of !== to.of || from.value.length !== to.value.length) {
    return null;
  }
  const differing = Array.from(from.value, (_, i) => i).filter((i) => !Object.is(from.value[i], to.value[i]));
  const [first = 0] = differing;
  const entry = (value: ArrayLike<Scalar>) => cut(quotedScalar(value[first] ?? '', from.of));
  return from.value.length <= SHOWN_ENTRIES
    ? null
    : `${typeName(from)}  ${differing.length} entries differ, the first is ${first}: ${entry(from.value)}  →  ${entry(to.value)}`;
}

function quotedScalar(entry: Scalar, type: string): string {
  return typeof entry === 'string' ? quoted(head(entry)) : scalar(entry, type);
}
