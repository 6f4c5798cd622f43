import type { Architecture, Value } from '../architecture.js';
import { DENSE, ROTARY, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, keyRows, required, TEXT_KEYS } from '../text-keys.js';

const ROOT: Value = { math: 'pow', of: [required('num_hidden_layers'), { value: 0.5 }] };

/** MiniCPM 1, 2 and 4. */
export const minicpm = {
  ...TEXT_MODEL,
  classes: ['MiniCPMForCausalLM'],
  gguf: 'minicpm',
  example: 'openbmb/MiniCPM-2B-sft-bf16',
  keys: [
    ...TEXT_KEYS,
    ...keyRows('f32', 'embedding_scale=scale_emb'),
    ['{arch}.residual_scale', 'f32', { math: 'div', of: [required('scale_depth'), ROOT] }],
    ['{arch}.logit_scale', 'f32', { math: 'div', of: [required('hidden_size'), required('dim_model_base')] }],
  ],
  tensors: named(DENSE, { 'attn_q.weight': ROTARY.attn_q, 'attn_k.weight': ROTARY.attn_k }),
  extra: ['head_rope_factors'],
  tokenizer: { kinds: ['sentencepiece'] },
} as const satisfies Architecture;

const KEY_SIZE: Value = { math: 'add', of: [required('qk_nope_head_dim'), required('qk_rope_head_dim')] };

/** MiniCPM 3, with a latent of keys and values. */
export const minicpm3 = {
  ...minicpm,
  classes: ['MiniCPM3ForCausalLM'],
  gguf: 'minicpm3',
  example: 'openbmb/MiniCPM3-4B',
  keys: [
    FILE_TYPE,
    ...keyRows('u32', 'context_length=max_position_embeddings embedding_length=hidden_size'),
    BLOCK_COUNT,
    ...keyRows('u32', 'feed_forward_length=intermediate_size attention.head_count=num_attention_heads'),
    ...keyRows('u32', 'attention.head_count_kv=num_key_value_heads'),
    ...keyRows('f32', 'attention.layer_norm_rms_epsilon=rms_norm_eps'),
    ...keyRows('u32', 'vocab_size=vocab_size attention.q_lora_rank=q_lora_rank? attention.kv_lora_rank=kv_lora_rank'),
    ['{arch}.attention.key_length', 'u32', KEY_SIZE],
    ...keyRows('u32', 'rope.dimension_count=qk_rope_head_dim'),
  ],
  tensors: named(
    'token_embd output_norm output attn_norm attn_q_a attn_q_a_norm attn_q_b attn_kv_a_mqa attn_kv_a_norm attn_kv_b ' +
      'attn_output ffn_norm ffn_gate ffn_up ffn_down',
  ),
  extra: ['latent_rope_factors'],
  unproven: true,
} as const satisfies Architecture;
