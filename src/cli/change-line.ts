import type { KeyChange } from '../files/key-changes.js';
import type { GgufValue, Scalar } from '../gguf/types.js';
import { printable } from '../printable.js';
import { SHOWN_ENTRIES, shorten, shownEntry, sizedTypeName, VALUE_WIDTH, valueText } from './value-text.js';

/** `+ key  type  value`, `- key  type  value`, or `~ key` and both values: on one line. */
export function changeLine({ key, from, to }: KeyChange): string {
  const name = shorten(printable(key));
  if (from && to) {
    return `~ ${name}  ${closeUp(from, to) ?? `${typed(from)}  →  ${typed(to)}`}`;
  }
  const value = from ?? to;
  return `${from ? '-' : '+'} ${name}${value ? `  ${typed(value)}` : ''}`;
}

function typed(value: GgufValue): string {
  return `${sizedTypeName(value)}  ${valueText(value)}`;
}

/** Of values of the same kind that are too long to be shown: where they begin to differ. */
function closeUp(from: GgufValue, to: GgufValue): string | null {
  if (from.type === 'array' && to.type === 'array') {
    return from.of === to.of && from.value.length === to.value.length ? entries(from.value, to.value, from.of) : null;
  }
  return typeof from.value === 'string' && typeof to.value === 'string' ? characters(from.value, to.value) : null;
}

function entries(from: ArrayLike<Scalar>, to: ArrayLike<Scalar>, of: string): string | null {
  if (from.length <= SHOWN_ENTRIES) {
    return null;
  }
  const changed = Array.from(from, (_, i) => i).filter((i) => !Object.is(from[i], to[i]));
  const entry = (value: ArrayLike<Scalar>) => shorten(shownEntry(value[changed[0] ?? 0] ?? '', of));
  return `${of}[${from.length}]  ${changed.length} of its entries changed, the first at ${changed[0]}: ${entry(from)}  →  ${entry(to)}`;
}

function characters(from: string, to: string): string | null {
  if (Math.max(from.length, to.length) <= VALUE_WIDTH) {
    return null;
  }
  let first = 0;
  while (first < from.length && from[first] === to[first]) {
    first++;
  }
  const rest = (text: string) => shorten(printable(text.slice(first, first + 4 * VALUE_WIDTH)));
  return `string  from character ${first} on: ${rest(from)}  →  ${rest(to)}`;
}
