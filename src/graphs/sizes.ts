import type { ArchitectureKeys } from './keys.js';

/** The length of a tensor's dimension. */
export interface Size {
  readonly length: number;
  /** The keys that it follows from; those of the architecture without its name before them. */
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

/** The sizes that tensors have in llama.cpp (LLAMA_LOAD_LOCALS in src/llama-model.h). */
export type Sizes = Readonly<Record<SizeName, Size>>;

const HEADS = 'attention.head_count';
const KV_HEADS = 'attention.head_count_kv';
const EXPERTS = 'expert_count';
const CLASSES = 'classifier.output_labels';
const TOKENS = 'tokenizer.ggml.tokens';

/** @throws GraphKeyError */
export function sizesOf(keys: ArchitectureKeys): Sizes {
  const embedding = keys.count('embedding_length');
  const heads = keys.count(HEADS);
  const kvHeads = keys.count(KV_HEADS, heads);
  const ofHead = (key: string) => keys.count(key, Math.floor(embedding / heads));
  const [key, value] = [ofHead('attention.key_length'), ofHead('attention.value_length')];
  const share = (length: number, countKey: string, headKey: string): Size => ({
    length,
    from: [keys.has(countKey) ? countKey : HEADS, ...(keys.has(headKey) ? [headKey] : ['embedding_length'])],
  });
  return {
    embedding: { length: embedding, from: ['embedding_length'] },
    vocabulary: { length: keys.tokens, from: [TOKENS] },
    queries: share(heads * key, HEADS, 'attention.key_length'),
    keys: share(kvHeads * key, KV_HEADS, 'attention.key_length'),
    values: share(kvHeads * value, KV_HEADS, 'attention.value_length'),
    head: share(key, HEADS, 'attention.key_length'),
    pairs: share(Math.floor(keys.count('rope.dimension_count', key) / 2), HEADS, 'rope.dimension_count'),
    experts: { length: keys.countOrNone(EXPERTS), from: [EXPERTS] },
    classes: { length: keys.listLength(CLASSES) || 1, from: [CLASSES] },
    feedForward: { length: keys.count('feed_forward_length'), from: ['feed_forward_length'] },
  };
}
