import { createHash } from 'node:crypto';
import type { KeyValues } from '#src/gguf/key-values.js';
import type { Scalar, ScalarType } from '#src/gguf/types.js';

/** [key, type, value]: arrays over 32 entries as their length and the sha256 of their bytes as stored in a file. */
export type KvRecord = readonly [string, string, unknown];

const NAMES: Readonly<Partial<Record<ScalarType, string>>> = {
  u8: 'UINT8',
  u32: 'UINT32',
  i32: 'INT32',
  f32: 'FLOAT32',
  bool: 'BOOL',
  string: 'STRING',
};

/** The `tokenizer.*` key-values, in their order; the set of template names sorted, as its order means nothing. */
export function tokenizerRecord(kv: KeyValues): readonly KvRecord[] {
  return [...kv.entries()]
    .filter(([key]) => key.startsWith('tokenizer.'))
    .map(([key, value]) => {
      if (value.type !== 'array') {
        return [key, NAMES[value.type] ?? value.type, value.value];
      }
      const items = Array.from(value.value);
      return [key, `ARRAY<${NAMES[value.of] ?? value.of}>`, items.length > 32 ? summary(value.of, items) : items];
    });
}

export function withSortedNames(records: readonly KvRecord[]): readonly KvRecord[] {
  return records
    .filter(([key]) => key.startsWith('tokenizer.'))
    .map(([key, type, value]) => [
      key,
      type,
      key === 'tokenizer.chat_templates' ? [...(value as string[])].sort() : value,
    ]);
}

function summary(type: ScalarType, items: readonly Scalar[]) {
  const hash = createHash('sha256');
  for (const item of items) {
    hash.update(stored(type, item));
  }
  return { len: items.length, sha256: hash.digest('hex') };
}

function stored(type: ScalarType, item: Scalar): Buffer {
  if (type === 'string') {
    const text = Buffer.from(String(item), 'utf8');
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([length, text]);
  }
  if (type === 'u8') {
    return Buffer.of(Number(item));
  }
  const bytes = Buffer.alloc(4);
  if (type === 'f32') {
    bytes.writeFloatLE(Number(item));
  } else {
    bytes.writeInt32LE(Number(item));
  }
  return bytes;
}
