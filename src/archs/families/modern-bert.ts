import type { Architecture } from '../architecture.js';
import { rename } from '../rules.js';
import { named } from '../tensor-names.js';
import { BERT_KEYS, BERT_MODEL, CLASSIFIER } from './bert.js';

export const modernBert = {
  ...BERT_MODEL,
  classes: ['ModernBertModel', 'ModernBertForMaskedLM', 'ModernBertForSequenceClassification'],
  gguf: 'modern-bert',
  example: 'answerdotai/ModernBERT-base',
  keys: [
    ...BERT_KEYS,
    ['{arch}.attention.sliding_window', 'u32', { fields: ['local_attention'], required: true }],
    ['{arch}.attention.sliding_window_pattern', 'u32', { fields: ['global_attn_every_n_layers'] }],
    ['{arch}.rope.scaling.type', 'string', { value: 'none' }],
    ['{arch}.vocab_size', 'u32', { fields: ['vocab_size'], required: true }],
    ['{arch}.hidden_activation', 'string', { fields: ['hidden_activation'] }],
  ],
  strip: ['model.', 'bert.'],
  ignore: [...BERT_MODEL.ignore, 'decoder.*'],
  tensors: [
    ...named('token_embd token_embd_norm output_norm attn_norm attn_qkv attn_output ffn_norm ffn_up ffn_down'),
    rename('cls.norm', 'head.norm'),
    ...CLASSIFIER,
  ],
  tokenizer: { before: ['bos-eos-sep'], kinds: ['bpe'] },
} as const satisfies Architecture;
