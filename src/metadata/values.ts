import type { GgufValue } from '../gguf/types.js';
import { YamlScalar } from './yaml.js';

/**
 * The text of a value from a model card or an override file, for a key that holds a string or a list of them.
 * The reference writes strings, skips what Python finds false, and stops at the rest; we take the text as it stands.
 */
export function cardText(value: unknown): string | undefined {
  if (typeof value === 'string') {
    return value;
  }
  if (value instanceof YamlScalar) {
    return value.value === false || value.value === 0 ? '' : value.source;
  }
  if (typeof value === 'number' || typeof value === 'boolean') {
    return value ? String(value) : '';
  }
  return undefined;
}

/** An array of strings; as in the reference, of booleans or numbers where all are (`language: [no]` is one false). */
export function arrayOf(values: readonly unknown[]): GgufValue | undefined {
  const scalars = values.filter((value) => value instanceof YamlScalar);
  const [first] = scalars;
  if (first && scalars.length === values.length && scalars.every(({ kind }) => kind === first.kind)) {
    const numbers = scalars.map(({ value }) => value);
    if (first.kind === 'bool') {
      return { type: 'array', of: 'bool', value: numbers };
    }
    if (first.kind === 'int' && numbers.every((value) => value === (Number(value) | 0))) {
      return { type: 'array', of: 'i32', value: numbers };
    }
    if (first.kind === 'float') {
      return { type: 'array', of: 'f32', value: numbers };
    }
  }
  const texts = values.map((value) => (value instanceof YamlScalar ? value.source : cardText(value)));
  const strings = texts.filter((text) => text !== undefined);
  return strings.length > 0 ? { type: 'array', of: 'string', value: strings } : undefined;
}
