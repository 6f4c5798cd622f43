import type { Architecture, Condition, KeyRow, TensorRule } from '../architecture.js';
import { rename, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { TEXT_KEYS } from '../text-keys.js';

export const ENCODER_KEYS: readonly KeyRow[] = [
  ...TEXT_KEYS,
  ['{arch}.attention.causal', 'bool', { value: false }],
  ['{arch}.pooling_type', 'u32', { derive: 'pooling_type' }],
];

export const BERT_KEYS: readonly KeyRow[] = [
  ...ENCODER_KEYS,
  ['{arch}.classifier.output_labels', 'string[]', { derive: 'class_labels' }],
];

const LABELLED: Condition = { set: { derive: 'class_labels' } };

/** The head of classifiers and rerankers, whose last layer has the same name with labels as the first without. */
export const CLASSIFIER: readonly TensorRule[] = [
  rename('cls', 'classifier.dense', 'pre_classifier', 'dense', 'head.dense'),
  rename('cls.output', 'classifier.out_proj'),
  { ...rename('cls.output', 'classifier'), when: LABELLED },
  { ...rename('cls', 'classifier'), when: { not: LABELLED } },
];

/** What models of BERT's kind have in common beside their tensors: heads for training are left out. */
export const BERT_MODEL = {
  ...TEXT_MODEL,
  strip: ['bert.'],
  rename: [
    ['.gamma', '.weight'],
    ['.beta', '.bias'],
  ],
  ignore: [
    ...TEXT_MODEL.ignore,
    ...['embeddings.position_ids', 'pooler.dense.*', 'cls.predictions*', 'cls.seq_relationship*'],
  ],
} as const;

export const BERT_TENSORS =
  'token_embd token_embd_norm token_types position_embd attn_output_norm attn_qkv attn_q attn_k attn_v attn_output ' +
  'ffn_up ffn_down layer_output_norm';

export const bert = {
  ...BERT_MODEL,
  classes: ['BertModel', 'BertForMaskedLM', 'CamembertModel', 'BertForSequenceClassification'],
  gguf: 'bert',
  example: 'BAAI/bge-small-en-v1.5',
  keys: BERT_KEYS,
  tensors: [...named(BERT_TENSORS), ...CLASSIFIER],
  tokenizer: { kinds: ['word-piece'] },
} as const satisfies Architecture;

export const distilBert = {
  ...bert,
  classes: ['DistilBertModel', 'DistilBertForMaskedLM', 'DistilBertForSequenceClassification'],
  example: 'distilbert/distilbert-base-uncased',
  keys: [['{arch}.attention.layer_norm_epsilon', 'f32', { value: 1e-12 }], ...BERT_KEYS],
  strip: ['distilbert.', 'bert.'],
  ignore: [...BERT_MODEL.ignore, 'vocab_*'],
} as const satisfies Architecture;
