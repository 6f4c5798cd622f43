import type { Architecture, KeyRow, Value } from '../architecture.js';
import { named } from '../tensor-names.js';
import { BERT_KEYS, BERT_MODEL, BERT_TENSORS, CLASSIFIER } from './bert.js';

/** The first positions are never used: RoBERTa counts from the one behind the padding token's id. */
const UNUSED: Value = { math: 'add', of: [{ fields: ['pad_token_id'], or: -1 }, { value: 1 }] };

export const OFFSET_KEYS: readonly KeyRow[] = [
  ...BERT_KEYS,
  ['{arch}.context_length', 'u32', { math: 'sub', of: [{ fields: ['max_position_embeddings'] }, UNUSED] }],
];

export const roberta = {
  ...BERT_MODEL,
  classes: ['RobertaModel', 'RobertaForSequenceClassification'],
  gguf: 'bert',
  example: 'sentence-transformers/stsb-roberta-base',
  keys: OFFSET_KEYS,
  strip: ['roberta.', 'bert.'],
  tensors: [...named(BERT_TENSORS, { position_embd: [['slice', 0, UNUSED]] }), ...CLASSIFIER],
  tokenizer: { kinds: ['bpe'], after: ['token-type-count'] },
} as const satisfies Architecture;

export const xlmRoberta = {
  ...roberta,
  classes: ['XLMRobertaModel', 'XLMRobertaForSequenceClassification'],
  when: { not: { set: { fields: ['lora_adaptations'] } } },
  example: 'BAAI/bge-m3',
  tokenizer: { kinds: ['xlm-roberta'] },
} as const satisfies Architecture;

/** The model without its adapters for tasks, which the reference writes to files of their own. */
export const jinaBertV3 = {
  ...xlmRoberta,
  when: { set: { fields: ['lora_adaptations'] } },
  gguf: 'jina-bert-v3',
  example: 'jinaai/jina-embeddings-v3',
  rename: [...BERT_MODEL.rename, ['.parametrizations.', '.'], ['.original', '']],
  drop: [...BERT_MODEL.drop, '*.0.lora_A', '*.0.lora_B'],
  unproven: true,
} as const satisfies Architecture;
