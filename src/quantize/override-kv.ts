import { UsageError } from '../errors.js';
import type { KeyValues } from '../gguf/key-values.js';
import { findKnownKey } from '../gguf/known-keys.js';
import { type GgufValue, type ScalarType, typeName } from '../gguf/types.js';

/**
 * `--override-kv KEY=TYPE:VALUE`. Facts: string_parse_kv_override in common/common.cpp, the loader's GGUFMeta in
 * src/llama-model-loader.cpp and llama_model_quantize_impl of llama.cpp v0.5.0. What that takes for 0 (`int:abc`, digits
 * beyond its types) is refused here.
 */

export type KvOverride = { readonly key: string } & (
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'str'; readonly value: string }
);

export class KvOverrideError extends UsageError {
  constructor(text: string, what: string) {
    super(
      `--override-kv ${text}: ${what}.`,
      'Write KEY=TYPE:VALUE with the type int, float, bool or str, such as general.name=str:My model.',
    );
  }
}

/** Of a key and of a string: what the reference has room for. */
export const MAX_OVERRIDE_BYTES = 127;
const MAX_U32 = 2 ** 32 - 1;

/** @throws KvOverrideError */
export function parseKvOverride(text: string): KvOverride {
  const { key, type, value } = /^(?<key>[^=]*)=(?<type>[^:]*):(?<value>.*)$/su.exec(text)?.groups ?? {};
  const wrong = (what: string) => new KvOverrideError(text, what);
  if (!key || type === undefined || value === undefined) {
    throw wrong('it has no key, type or value');
  }
  if (Buffer.byteLength(key) > MAX_OVERRIDE_BYTES) {
    throw wrong(`the key has more than ${MAX_OVERRIDE_BYTES} bytes`);
  }
  // Tensors are laid out for the default alignment, so that another value makes the file unreadable.
  if (key === 'general.alignment') {
    throw wrong('the alignment is that of the data and not to be overridden');
  }
  switch (type) {
    case 'int':
      return { key, type, value: parseInteger(value, wrong) };
    case 'float':
      return { key, type, value: parseFloat32(value, wrong) };
    case 'bool':
      if (value !== 'true' && value !== 'false') {
        throw wrong('a bool is true or false');
      }
      return { key, type, value: value === 'true' };
    case 'str':
      if (Buffer.byteLength(value) > MAX_OVERRIDE_BYTES) {
        throw wrong(`the value has more than ${MAX_OVERRIDE_BYTES} bytes`);
      }
      return { key, type, value };
    default:
      throw wrong(`${type} is no type`);
  }
}

function parseInteger(text: string, wrong: (what: string) => Error): number {
  const value = /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (!(Math.abs(value) <= MAX_U32)) {
    throw wrong(`an int is a whole number of at most ${MAX_U32}`);
  }
  return value;
}

function parseFloat32(text: string, wrong: (what: string) => Error): number {
  const value = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Math.fround(Number(text)) : Number.NaN;
  if (!Number.isFinite(value)) {
    throw wrong('a float is a decimal number that float32 can hold');
  }
  return value;
}

/**
 * The output's key-values: every override goes to the end, in the order given, whether its key was there or not.
 * @param kv stays as it is.
 */
export function applyKvOverrides(kv: KeyValues, overrides: readonly KvOverride[]): KeyValues {
  const result = kv.clone();
  for (const override of overrides) {
    result.delete(override.key).set(override.key, written(override));
  }
  return result;
}

function written(override: KvOverride): GgufValue {
  switch (override.type) {
    case 'int':
      return { type: 'u32', value: Math.abs(override.value) };
    case 'float':
      return { type: 'f32', value: override.value };
    case 'bool':
      return { type: 'bool', value: override.value };
    case 'str':
      return { type: 'string', value: override.value };
  }
}

/** What an override makes of its key that may not be meant, but for the types of known keys. @param kv the source's. */
export function overrideDoubts(kv: KeyValues, override: KvOverride): string[] {
  const { key, type, value } = override;
  const present = kv.get(key);
  const becomes = written(override);
  const architecture = String(kv.get('general.architecture')?.value ?? '');
  return [
    ...(type === 'int' && value < 0
      ? [`--override-kv ${key}=int:${value} sets ${key} to ${becomes.value}: a sign is left out.`]
      : []),
    ...(present && !findKnownKey(key, architecture) && !STANDS_FOR[type].some((other) => other === present.type)
      ? [`--override-kv makes ${key}, which is of type ${typeName(present)}, a ${becomes.type}.`]
      : []),
  ];
}

/** The types of values in the file that each type of override stands in for. */
const STANDS_FOR: Readonly<Record<KvOverride['type'], readonly ScalarType[]>> = {
  int: ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64'],
  float: ['f32', 'f64'],
  bool: ['bool'],
  str: ['string'],
};

/** Keys that may hold a value a layer: the loader takes an override only where the file has the key, as a scalar. */
const PER_LAYER = /^[^.]+\.(attention\.head_count|attention\.head_count_kv|feed_forward_length|expert_used_count)$/;

/**
 * The key-values as the reference's loader sees them, which is what a recipe's facts follow from: of several overrides of
 * a key the first counts (in the output the last does), and one of another type than the key's is not seen.
 * @param source the source's key-values; stay as they are.
 */
export function overriddenForLoading(source: KeyValues, overrides: readonly KvOverride[]): KeyValues {
  const result = source.clone();
  const firsts = new Map(overrides.toReversed().map((override) => [override.key, override]));
  for (const [key, override] of firsts) {
    const present = source.get(key);
    if (present ? present.type !== 'array' && STANDS_FOR[override.type].includes(present.type) : isNew(override)) {
      result.set(key, loaded(override));
    }
  }
  return result;
}

/** Of the facts that may be missing in a file, all are whole numbers. */
function isNew({ key, type }: KvOverride): boolean {
  return type === 'int' && !PER_LAYER.test(key);
}

/** Whole numbers as uint32, in which a negative one wraps around. */
function loaded(override: KvOverride): GgufValue {
  return override.type === 'int' ? { type: 'u32', value: override.value >>> 0 } : written(override);
}
