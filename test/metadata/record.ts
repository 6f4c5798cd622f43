import { createHash } from 'node:crypto';
import type { KeyValues } from '#src/gguf/key-values.js';
import type { GgufValue, Scalar, ScalarType } from '#src/gguf/types.js';

const TYPE_NAMES: Partial<Record<ScalarType, string>> = {
  string: 'STRING',
  u32: 'UINT32',
  i32: 'INT32',
  f32: 'FLOAT32',
  bool: 'BOOL',
};

/** Key-values as [key, type, value] in the words of the expected records: float32 rounded, long arrays by hash. */
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
  const items = Array.from(value.value, (item) => rounded(value.of, item));
  return items.length <= 32 ? items : { length: items.length, sha256: stringsHash(items) };
}

function rounded(type: ScalarType, value: Scalar): Scalar {
  return type === 'f32' ? Math.fround(Number(value)) : value;
}

function stringsHash(items: readonly Scalar[]): string {
  const hash = createHash('sha256');
  for (const item of items) {
    const bytes = Buffer.from(String(item));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    hash.update(length).update(bytes);
  }
  return hash.digest('hex');
}
