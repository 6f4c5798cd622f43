import type { Known } from '../config/config.js';
import { holds, typedValue } from '../config/values.js';
import type { KeyValues } from '../gguf/key-values.js';
import type { Scalar, ScalarType } from '../gguf/types.js';
import { ConfigFieldError, show } from '../language/fields.js';
import type { KeyType } from '../language/value.js';
import type { Architecture } from './architecture.js';

type Element = string | number | boolean;
/** Types of lists: what their elements are in the file, and how they are made. Lists of other types are of `i32`. */
const LISTS: Partial<Record<KeyType, readonly [of: ScalarType, make: (value: Element) => Scalar]>> = {
  'string[]': ['string', String],
  'u64[]': ['u64', BigInt],
  'bool[]': ['bool', (value) => Boolean(Number(value))],
  'f32[]': ['f32', Number],
};

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
    if (typeof value === 'object' || type === 'string[]' || type === 'u64[]') {
      const [of, make] = LISTS[type] ?? ['i32', Number];
      kv.array(key, of, [value].flat().map(make));
    } else if (type === 'i32[]' || type === 'f32[]' || type === 'bool[]') {
      throw new ConfigFieldError(`${key} is a list, and config.json has ${show(value)} for it.`);
    } else {
      kv.scalar(key, type === 'u32|i32[]' ? 'u32' : type, value);
    }
  }
}
