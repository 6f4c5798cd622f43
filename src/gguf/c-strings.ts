import { KeyValues } from './key-values.js';
import type { GgufValue } from './types.js';

/**
 * Key-values whose strings went through C: each ends at its first NUL, as in all files that ggml's own tools write.
 * ref-quirk: gguf_set_kv in gguf.cpp of llama.cpp v0.5.0.
 * @param onCut called with the key of each string that is cut.
 */
export function throughC(kv: KeyValues, onCut: (key: string) => void = () => {}): KeyValues {
  const copy = new KeyValues();
  for (const [key, value] of kv.entries()) {
    const isCut = hasNul(value);
    if (isCut) {
      onCut(key);
    }
    copy.set(key, isCut ? cutAtNul(value) : value);
  }
  return copy;
}

function hasNul(value: GgufValue): boolean {
  if (value.type !== 'array') {
    return typeof value.value === 'string' && value.value.includes('\0');
  }
  if (value.of !== 'string') {
    return false;
  }
  // A vocabulary has many strings.
  for (let i = 0; i < value.value.length; i++) {
    if ((value.value[i] as string).includes('\0')) {
      return true;
    }
  }
  return false;
}

function cutAtNul(value: GgufValue): GgufValue {
  const cut = (text: unknown) => String(text).replace(/\0.*/s, '');
  return value.type === 'array'
    ? { ...value, value: Array.from(value.value, cut) }
    : { ...value, value: cut(value.value) };
}
