import type { GgufValue } from '../gguf/types.js';

const TOKENS = 4096;
/** Bytes of an element of the cache, which llama.cpp keeps in F16. */
const ELEMENT = 2;

/**
 * Bytes of llama.cpp's cache of keys and values for 4,096 tokens, from a file's key-values.
 * @returns null where the keys that say so are missing, as for models without attention.
 */
export function cacheSize(kv: readonly (readonly [string, GgufValue])[]): number | null {
  const values = new Map(kv);
  const arch = values.get('general.architecture')?.value;
  const number = (key: string) => numbersOf(values.get(`${arch}.${key}`))?.[0];
  const layers = number('block_count');
  const heads =
    numbersOf(values.get(`${arch}.attention.head_count_kv`)) ?? numbersOf(values.get(`${arch}.attention.head_count`));
  const [width, queries] = [number('embedding_length'), number('attention.head_count')];
  const each = width && queries ? width / queries : undefined;
  const [key, value] = [number('attention.key_length') ?? each, number('attention.value_length') ?? each];
  if (!layers || !heads || !key || !value) {
    return null;
  }
  const perLayer = heads.length === 1 ? (heads[0] ?? 0) * layers : heads.reduce((sum, count) => sum + count, 0);
  const tokens = Math.min(TOKENS, number('context_length') ?? TOKENS);
  return Math.round(perLayer * (key + value) * tokens * ELEMENT);
}

function numbersOf(value: GgufValue | undefined): number[] | undefined {
  const all = value === undefined ? [] : [value.value].flat();
  const numbers = all.map(Number);
  return numbers.length > 0 && numbers.every(Number.isFinite) ? numbers : undefined;
}
