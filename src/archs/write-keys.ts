import type { Config } from '../config/config.js';
import { type Derived, derive, type Known } from '../config/derivations.js';
import {
  type FieldSource,
  integer,
  integers,
  number,
  numbers,
  optionalBoolean,
  optionalInteger,
  optionalIntegers,
  optionalNumber,
  optionalNumbers,
  optionalObject,
  optionalString,
  boolean as requiredBoolean,
  string,
} from '../config/fields.js';
import { ropeFields, ropeRoot } from '../config/rope.js';
import type { KeyValues } from '../gguf/key-values.js';
import type { Architecture, KeyFrom, KeyType, PartName } from './architecture.js';
import { holds } from './conditions.js';

/**
 * Writes an architecture's keys.
 * @throws ConfigFieldError
 */
export async function writeKeys({ gguf, keys }: Architecture, known: Known, kv: KeyValues): Promise<void> {
  for (const [name, type, from, when] of keys) {
    const value = holds(when, known) ? await keyValue(type, from, known) : undefined;
    const key = name.replace('{arch}', gguf);
    if (typeof value === 'object') {
      kv.array(key, type === 'f32[]' ? 'f32' : 'i32', [...value]);
    } else if (value !== undefined && type !== 'i32[]' && type !== 'f32[]') {
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

type Read = (source: FieldSource, ...names: string[]) => Derived;

const READ: Record<KeyType, { readonly optional: Read; readonly required: Read }> = {
  u32: { optional: optionalInteger, required: integer },
  f32: { optional: optionalNumber, required: number },
  bool: { optional: optionalBoolean, required: requiredBoolean },
  string: { optional: optionalString, required: string },
  'i32[]': { optional: optionalIntegers, required: integers },
  'f32[]': { optional: optionalNumbers, required: numbers },
};

async function keyValue(type: KeyType, from: KeyFrom, known: Known): Promise<Derived> {
  if ('value' in from) {
    return from.value;
  }
  if ('derive' in from) {
    return derive(from.derive, known);
  }
  if ('probe' in from) {
    const found = known.probes?.get(from.probe);
    return Array.isArray(found) && type !== 'f32[]' ? found[0] : found;
  }
  const source = from.of ? PARTS[from.of](known.config) : known.config;
  return source && READ[type][from.required ? 'required' : 'optional'](source, ...from.fields);
}

const PARTS: Record<PartName, (config: Config) => FieldSource | undefined> = {
  rope: ropeFields,
  rope_root: ropeRoot,
  rope_sliding(config) {
    const root = ropeRoot(config);
    const sliding = optionalObject(root, 'sliding_attention');
    return sliding && { hparams: sliding, path: `${root.path}.sliding_attention` };
  },
};
