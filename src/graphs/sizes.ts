import type { ArchitectureKeys } from './keys.js';

/** The length of a tensor's dimension, and where it comes from. */
export interface Size {
  readonly length: number;
  /** The keys that the length follows from. For a key of the architecture, the architecture's name is left out. */
  readonly from: readonly string[];
}

export type SizeName =
  | 'embedding'
  | 'vocabulary'
  | 'queries'
  | 'keys'
  | 'values'
  | 'head'
  | 'pairs'
  | 'feedForward'
  | 'experts'
  | 'classes';

/** The sizes of tensors' dimensions by llama.cpp's names (LLAMA_LOAD_LOCALS in src/llama-model.h). */
export type Sizes = Readonly<Record<SizeName, Size>>;

const HEADS = 'attention.head_count';
const KV_HEADS = 'attention.head_count_kv';
const KEY_LENGTH = 'attention.key_length';
const VALUE_LENGTH = 'attention.value_length';
const EXPERTS = 'expert_count';
const CLASSES = 'classifier.output_labels';
const TOKENS = 'tokenizer.ggml.tokens';

/** The length of a head of the queries and keys. @throws GraphKeyError */
export function keyLength(keys: ArchitectureKeys): number {
  return headLength(keys, KEY_LENGTH);
}

function headLength(keys: ArchitectureKeys, key: string): number {
  return keys.count(key, Math.floor(keys.count('embedding_length') / keys.count(HEADS)));
}

/** Works out all sizes. @throws GraphKeyError */
export function sizesOf(keys: ArchitectureKeys): Sizes {
  const embedding = keys.count('embedding_length');
  const heads = keys.count(HEADS);
  const kvHeads = keys.count(KV_HEADS, heads);
  const [key, value] = [keyLength(keys), headLength(keys, VALUE_LENGTH)];
  const share = (length: number, countKey: string, headKey: string): Size => ({
    length,
    from: [keys.has(countKey) ? countKey : HEADS, ...(keys.has(headKey) ? [headKey] : ['embedding_length'])],
  });
  return {
    embedding: { length: embedding, from: ['embedding_length'] },
    vocabulary: { length: keys.tokens, from: [TOKENS] },
    queries: share(heads * key, HEADS, KEY_LENGTH),
    keys: share(kvHeads * key, KV_HEADS, KEY_LENGTH),
    values: share(kvHeads * value, KV_HEADS, VALUE_LENGTH),
    head: share(key, HEADS, KEY_LENGTH),
    pairs: share(Math.floor(keys.count('rope.dimension_count', key) / 2), HEADS, 'rope.dimension_count'),
    experts: { length: keys.countOrNone(EXPERTS), from: [EXPERTS] },
    classes: { length: keys.listLength(CLASSES) || 1, from: [CLASSES] },
    feedForward: { length: keys.count('feed_forward_length'), from: ['feed_forward_length'] },
  };
}
