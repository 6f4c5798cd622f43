import type { Known } from '../config/config.js';
import { holds, typedValue } from '../config/values.js';
import type { KeyValues } from '../gguf/key-values.js';
import { ConfigFieldError, show } from '../language/fields.js';
import type { Architecture } from './architecture.js';

/**
 * Writes an architecture's keys, or other rows for it.
 * @throws ConfigFieldError
 */
export function writeKeys({ gguf, keys }: Pick<Architecture, 'gguf' | 'keys'>, known: Known, kv: KeyValues): void {
  for (const [name, type, from, when] of keys) {
    const value = holds(when, known) ? typedValue(from, type, known) : undefined;
    const key = name.replace('{arch}', gguf);
    if (value === undefined || (typeof value === 'object' && value.length === 0)) {
      continue;
    }
    if (type === 'string[]') {
      kv.array(key, 'string', [value].flat().map(String));
    } else if (type === 'u64[]') {
      kv.array(key, 'u64', [value].flat().map(BigInt));
    } else if (typeof value === 'object') {
      const numbers = value.map(Number);
      if (type === 'bool[]') {
        kv.array(key, 'bool', numbers.map(Boolean));
      } else {
        kv.array(key, type === 'f32[]' ? 'f32' : 'i32', numbers);
      }
    } else if (type === 'u32|i32[]') {
      kv.scalar(key, 'u32', value);
    } else if (type === 'i32[]' || type === 'f32[]' || type === 'bool[]') {
      throw new ConfigFieldError(`${key} is a list, and config.json has ${show(value)} for it.`);
    } else {
      kv.scalar(key, type, value);
    }
  }
}

/** The fields of config.json that a key, without its architecture, comes from; the usual name first. */
export function configFields({ keys }: Architecture, key: string): readonly string[] {
  const from = keys.find(([name]) => name === `{arch}.${key}`)?.[2];
  return from && 'fields' in from ? from.fields : from && 'derive' in from ? (DERIVED_FROM[from.derive] ?? []) : [];
}

/** The field by which a user knows a derived value. */
const DERIVED_FROM: Partial<Record<string, readonly string[]>> = {
  block_count: ['num_hidden_layers', 'n_layer', 'num_layers'],
  head_dim: ['head_dim'],
};
