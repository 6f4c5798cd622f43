import type { Architecture, Value } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, fourTimes, needed } from '../text-keys.js';

const HEADS: Value = { fields: ['num_attention_heads', 'n_head'], required: true };
const KV_HEADS: Value = { derive: 'falcon_kv_heads' };
const SIZE: Value = { fields: ['hidden_size'], required: true };

export const falcon = {
  ...TEXT_MODEL,
  classes: ['FalconForCausalLM', 'RWForCausalLM'],
  gguf: 'falcon',
  example: 'tiiuae/falcon-7b',
  keys: [
    ['{arch}.context_length', 'u32', { value: 2048 }],
    ['{arch}.tensor_data_layout', 'string', { value: 'jploski' }],
    needed('embedding_length', 'u32', 'hidden_size'),
    fourTimes('hidden_size'),
    BLOCK_COUNT,
    ['{arch}.attention.head_count', 'u32', HEADS],
    ['{arch}.attention.head_count_kv', 'u32', KV_HEADS],
    needed('attention.layer_norm_epsilon', 'f32', 'layer_norm_epsilon'),
    FILE_TYPE,
  ],
  tensors: named('token_embd output output_norm attn_norm attn_norm_2 attn_qkv attn_output ffn_up ffn_down', {
    // A key and a value follow the queries that share them; the file has all queries first, then keys, then values.
    attn_qkv: [
      [
        'reshape',
        KV_HEADS,
        { math: 'add', of: [{ math: 'quotient', of: [HEADS, KV_HEADS] }, { value: 2 }] },
        { math: 'quotient', of: [SIZE, HEADS] },
        -1,
      ],
      ['split', 1, { math: 'quotient', of: [HEADS, KV_HEADS] }, 1, 1],
      ['reshape', -1, SIZE],
      ['concat', 0],
    ],
  }),
} as const satisfies Architecture;
