import type { Architecture } from '../architecture.js';
import { named } from '../tensor-names.js';
import { BERT_KEYS, BERT_MODEL, BERT_TENSORS, CLASSIFIER } from './bert.js';

export const jinaBertV2 = {
  ...BERT_MODEL,
  classes: ['JinaBertModel', 'JinaBertForMaskedLM'],
  gguf: 'jina-bert-v2',
  example: 'jinaai/jina-embeddings-v2-base-en',
  keys: BERT_KEYS,
  tensors: [...named(`${BERT_TENSORS} attn_norm_2 attn_q_norm attn_k_norm ffn_gate`), ...CLASSIFIER],
  tokenizer: { kinds: ['whitespace', 'bpe', 'word-piece'], after: ['two-token-types'] },
} as const satisfies Architecture;
