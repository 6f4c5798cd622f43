import type { KeyValues } from '#src/gguf/key-values.js';
import type { GgufValue, Scalar, ScalarType } from '#src/gguf/types.js';

const TYPE_NAMES: Partial<Record<ScalarType, string>> = {
  string: 'STRING',
  u32: 'UINT32',
  i32: 'INT32',
  f32: 'FLOAT32',
  bool: 'BOOL',
};

/** Key-values as [key, type, value] in the words of the expected records: float32 rounded. */
export function recordOf(kv: KeyValues): [string, string, unknown][] {
  return [...kv.entries()].map(([key, value]) => [key, typeName(value), plain(value)]);
}

function typeName(value: GgufValue): string {
  const scalar = value.type === 'array' ? value.of : value.type;
  const name = TYPE_NAMES[scalar] ?? scalar;
  return value.type === 'array' ? `ARRAY<${name}>` : name;
}

function plain(value: GgufValue): unknown {
  if (value.type !== 'array') {
    return rounded(value.type, value.value);
  }
  return Array.from(value.value, (item) => rounded(value.of, item));
}

function rounded(type: ScalarType, value: Scalar): Scalar {
  return type === 'f32' ? Math.fround(Number(value)) : value;
}
