import type { Architecture } from '../architecture.js';
import { DENSE, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { TEXT_KEYS } from '../text-keys.js';

export const euroBert = {
  ...TEXT_MODEL,
  classes: ['EuroBertModel', 'JinaEmbeddingsV5Model'],
  gguf: 'eurobert',
  example: 'jinaai/jina-embeddings-v5-text-nano',
  keys: [
    ...TEXT_KEYS,
    ['{arch}.attention.causal', 'bool', { value: false }],
    ['{arch}.rope.scaling.type', 'string', { value: 'none' }],
    ['{arch}.pooling_type', 'u32', { derive: 'pooling_type' }],
  ],
  tensors: named(DENSE),
  tokenizer: { before: ['no-bos'], kinds: ['bpe'] },
} as const satisfies Architecture;
