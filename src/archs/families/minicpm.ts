import type { Architecture, Value } from '../architecture.js';
import { DENSE, ROTARY, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, fields, required, TEXT_KEYS } from '../text-keys.js';

const root: Value = { math: 'pow', of: [required('num_hidden_layers'), { value: 0.5 }] };

/** MiniCPM 1, 2 and 4. */
export const minicpm = {
  ...TEXT_MODEL,
  classes: ['MiniCPMForCausalLM'],
  gguf: 'minicpm',
  example: 'openbmb/MiniCPM-2B-sft-bf16',
  keys: [
    ...TEXT_KEYS,
    ['{arch}.embedding_scale', 'f32', required('scale_emb')],
    ['{arch}.residual_scale', 'f32', { math: 'div', of: [required('scale_depth'), root] }],
    ['{arch}.logit_scale', 'f32', { math: 'div', of: [required('hidden_size'), required('dim_model_base')] }],
  ],
  tensors: named(DENSE, { 'attn_q.weight': ROTARY.attn_q, 'attn_k.weight': ROTARY.attn_k }),
  extra: ['head_rope_factors'],
  tokenizer: { kinds: ['sentencepiece'] },
} as const satisfies Architecture;

/** MiniCPM 3, with a latent of keys and values. */
export const minicpm3 = {
  ...TEXT_MODEL,
  classes: ['MiniCPM3ForCausalLM'],
  gguf: 'minicpm3',
  example: 'openbmb/MiniCPM3-4B',
  keys: [
    FILE_TYPE,
    ['{arch}.context_length', 'u32', required('max_position_embeddings')],
    ['{arch}.embedding_length', 'u32', required('hidden_size')],
    BLOCK_COUNT,
    ['{arch}.feed_forward_length', 'u32', required('intermediate_size')],
    ['{arch}.attention.head_count', 'u32', required('num_attention_heads')],
    ['{arch}.attention.head_count_kv', 'u32', required('num_key_value_heads')],
    ['{arch}.attention.layer_norm_rms_epsilon', 'f32', required('rms_norm_eps')],
    ['{arch}.vocab_size', 'u32', required('vocab_size')],
    ['{arch}.attention.q_lora_rank', 'u32', fields('q_lora_rank')],
    ['{arch}.attention.kv_lora_rank', 'u32', required('kv_lora_rank')],
    [
      '{arch}.attention.key_length',
      'u32',
      { math: 'add', of: [required('qk_nope_head_dim'), required('qk_rope_head_dim')] },
    ],
    ['{arch}.rope.dimension_count', 'u32', required('qk_rope_head_dim')],
  ],
  tensors: named(
    'token_embd output_norm output attn_norm attn_q_a attn_q_a_norm attn_q_b attn_kv_a_mqa attn_kv_a_norm attn_kv_b ' +
      'attn_output ffn_norm ffn_gate ffn_up ffn_down',
  ),
  extra: ['latent_rope_factors'],
  tokenizer: { kinds: ['sentencepiece'] },
  unproven: true,
} as const satisfies Architecture;
