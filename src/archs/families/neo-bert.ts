import type { Architecture } from '../architecture.js';
import { named } from '../tensor-names.js';
import { BERT_KEYS, BERT_MODEL, CLASSIFIER } from './bert.js';

const CLS_POOLING = 2;

export const neoBert = {
  ...BERT_MODEL,
  classes: ['NeoBERT', 'NeoBERTLMHead', 'NeoBERTForSequenceClassification'],
  gguf: 'neo-bert',
  example: 'chandar-lab/NeoBERT',
  keys: [
    ...BERT_KEYS,
    // The field counts what a layer without gates would have.
    [
      '{arch}.feed_forward_length',
      'u32',
      {
        math: 'quotient',
        of: [{ math: 'mul', of: [{ value: 2 }, { fields: ['intermediate_size'], required: true }] }, { value: 3 }],
      },
    ],
    ['{arch}.rope.freq_base', 'f32', { value: 10000 }],
    ['{arch}.rope.scaling.type', 'string', { value: 'none' }],
    ['{arch}.attention.layer_norm_rms_epsilon', 'f32', { fields: ['norm_eps'], or: 1e-6 }],
    ['{arch}.pooling_type', 'u32', { value: CLS_POOLING }],
  ],
  strip: ['model.', 'bert.'],
  ignore: [...BERT_MODEL.ignore, 'decoder.*'],
  tensors: [
    ...named('token_embd enc.output_norm attn_norm attn_qkv attn_output ffn_norm ffn_up ffn_down'),
    ...CLASSIFIER,
  ],
  tokenizer: { kinds: ['word-piece'] },
} as const satisfies Architecture;
