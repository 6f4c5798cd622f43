import type { Architecture, KeyRow, Value } from '../architecture.js';
import { experts, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, fourTimes, needed } from '../text-keys.js';

const HEADS: Value = { fields: ['num_attention_heads', 'n_head'], required: true };
const TENSORS = 'token_embd output output_norm attn_norm attn_qkv attn_q attn_k attn_v attn_output ffn_norm';

/** The dimensions of a head that are rotated: a share of the model's, whole, divided by the heads. */
function rotated(share: Value): Value {
  const size: Value = { fields: ['hidden_size', 'n_embd'], required: true };
  const whole: Value = { math: 'quotient', of: [{ math: 'mul', of: [share, size] }, { value: 1 }] };
  return { math: 'quotient', of: [whole, HEADS] };
}

export const phi2 = {
  ...TEXT_MODEL,
  classes: ['PhiForCausalLM'],
  gguf: 'phi2',
  example: 'microsoft/phi-2',
  keys: [
    needed('context_length', 'u32', 'n_positions', 'max_position_embeddings'),
    needed('embedding_length', 'u32', 'hidden_size', 'n_embd'),
    fourTimes('hidden_size', 'n_embd'),
    BLOCK_COUNT,
    ['{arch}.attention.head_count', 'u32', HEADS],
    ['{arch}.attention.head_count_kv', 'u32', HEADS],
    needed('attention.layer_norm_epsilon', 'f32', 'layer_norm_epsilon', 'layer_norm_eps'),
    [
      '{arch}.rope.dimension_count',
      'u32',
      rotated({ fields: ['partial_rotary_factor'], of: 'rope_root', required: true }),
    ],
    FILE_TYPE,
    ['tokenizer.ggml.add_bos_token', 'bool', { value: false }],
  ],
  tensors: named(`${TENSORS} ffn_up ffn_down`),
  unproven: true,
} as const satisfies Architecture;

const PHI3_KEYS: readonly KeyRow[] = [
  needed('context_length', 'u32', 'n_positions', 'max_position_embeddings'),
  [
    '{arch}.rope.scaling.original_context_length',
    'u32',
    { fields: ['original_max_position_embeddings'], of: 'rope_root', required: true },
  ],
  needed('embedding_length', 'u32', 'hidden_size', 'n_embd'),
  needed('feed_forward_length', 'u32', 'intermediate_size'),
  BLOCK_COUNT,
  ['{arch}.attention.head_count', 'u32', HEADS],
  needed('attention.head_count_kv', 'u32', 'num_key_value_heads', 'n_head_kv'),
  needed('attention.layer_norm_rms_epsilon', 'f32', 'rms_norm_eps'),
  ['{arch}.rope.dimension_count', 'u32', rotated({ fields: ['partial_rotary_factor'], of: 'rope_root', or: 1 })],
  ['{arch}.rope.freq_base', 'f32', { fields: ['rope_theta'], of: 'rope', required: true }],
  FILE_TYPE,
  // Phi-4 is told by a window of 0.
  ['{arch}.attention.sliding_window', 'u32', { fields: ['sliding_window'], or: 0 }],
];

/** Phi-3, Phi-3.5, Phi-4 and Phi-4-mini: queries, keys and values are in one tensor, and so are gate and up. */
export const phi3 = {
  ...TEXT_MODEL,
  classes: ['Phi3ForCausalLM', 'Phi4ForCausalLMV'],
  gguf: 'phi3',
  example: 'microsoft/Phi-3-mini-4k-instruct',
  firstKeys: [['{arch}.rope.scaling.attn_factor', 'f32', { derive: 'long_rope_attention_factor' }]],
  keys: PHI3_KEYS,
  tensors: named(`${TENSORS} ffn_up ffn_down`),
  extra: ['long_rope_factors'],
  tokenizer: { kinds: ['phi3', 'bpe'] },
} as const satisfies Architecture;

export const phimoe = {
  ...phi3,
  classes: ['PhiMoEForCausalLM'],
  gguf: 'phimoe',
  example: 'microsoft/Phi-3.5-MoE-instruct',
  keys: [
    ...PHI3_KEYS,
    needed('expert_used_count', 'u32', 'num_experts_per_tok', 'num_experts_per_token'),
    needed('expert_count', 'u32', 'num_local_experts', 'num_experts'),
  ],
  tensors: [
    ...named(`${TENSORS} ffn_gate_inp`),
    ...experts('block_sparse_moe.experts.{x}.{p}', [
      ['w1', 'ffn_gate_exps'],
      ['w2', 'ffn_down_exps'],
      ['w3', 'ffn_up_exps'],
    ]),
  ],
  unproven: true,
} as const satisfies Architecture;
