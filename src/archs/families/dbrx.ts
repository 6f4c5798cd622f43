import type { Architecture, KeyRow, KeyType, TensorRule, Transform } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, needed } from '../text-keys.js';

const part = (key: string, type: KeyType, of: 'ffn_config' | 'attn_config', field: string): KeyRow => [
  `{arch}.${key}`,
  type,
  { fields: [field], of: [of], required: true },
];

/** All experts in one matrix, `(experts * size, width)`. */
function projection(to: string, name: string, ...then: readonly Transform[]): TensorRule {
  const size = { fields: ['ffn_hidden_size'], of: ['ffn_config'], required: true } as const;
  const count = { ...size, fields: ['moe_num_experts'] } as const;
  return {
    from: [`{L}.ffn.experts.mlp.${name}`],
    to: `blk.{b}.${to}.weight`,
    via: [['reshape', count, size, 'd_model'], ...then],
  };
}

export const dbrx = {
  ...TEXT_MODEL,
  classes: ['DbrxForCausalLM'],
  gguf: 'dbrx',
  example: 'alpindale/dbrx-instruct',
  keys: [
    BLOCK_COUNT,
    needed('context_length', 'u32', 'max_seq_len'),
    needed('embedding_length', 'u32', 'd_model'),
    part('feed_forward_length', 'u32', 'ffn_config', 'ffn_hidden_size'),
    needed('attention.head_count', 'u32', 'n_heads'),
    part('attention.head_count_kv', 'u32', 'attn_config', 'kv_n_heads'),
    part('rope.freq_base', 'f32', 'attn_config', 'rope_theta'),
    part('attention.clamp_kqv', 'f32', 'attn_config', 'clip_qkv'),
    part('expert_count', 'u32', 'ffn_config', 'moe_num_experts'),
    part('expert_used_count', 'u32', 'ffn_config', 'moe_top_k'),
    ['{arch}.attention.layer_norm_epsilon', 'f32', { value: 1e-5 }],
    FILE_TYPE,
  ],
  tensors: [
    ...named('token_embd output_norm output attn_norm attn_qkv attn_output attn_output_norm ffn_gate_inp'),
    projection('ffn_gate_exps', 'w1'),
    projection('ffn_down_exps', 'w2', ['transpose', 1, 2]),
    projection('ffn_up_exps', 'v1'),
  ],
  types: [['*', 'outtype']],
} as const satisfies Architecture;
