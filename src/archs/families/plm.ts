import type { Architecture } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { needed, required, TEXT_KEYS } from '../text-keys.js';

export const plm = {
  ...TEXT_MODEL,
  classes: ['PLMForCausalLM'],
  gguf: 'plm',
  example: 'PLM-Team/PLM-1.8B-Instruct',
  keys: [
    ...TEXT_KEYS,
    needed('vocab_size', 'u32', 'vocab_size'),
    needed('attention.kv_lora_rank', 'u32', 'kv_lora_rank'),
    [
      '{arch}.attention.key_length',
      'u32',
      { math: 'add', of: [required('qk_nope_head_dim'), required('qk_rope_head_dim')] },
    ],
    needed('attention.value_length', 'u32', 'v_head_dim'),
    needed('rope.dimension_count', 'u32', 'qk_rope_head_dim'),
  ],
  tensors: named(
    'token_embd output_norm output attn_norm attn_q attn_output ffn_norm ffn_up ffn_down ' +
      'attn_kv_a_mqa attn_kv_b attn_kv_a_norm',
  ),
} as const satisfies Architecture;
