import type { Architecture } from '../architecture.js';
import { block, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { keyList } from '../text-keys.js';

export const openelm = {
  ...TEXT_MODEL,
  classes: ['OpenELMForCausalLM'],
  gguf: 'openelm',
  example: 'apple/OpenELM-270M',
  keys: keyList(`
    block_count context_length=max_context_length embedding_length=model_dim
    feed_forward_length:i32[]=@openelm_feed_forward
    attention.head_count:i32[]=num_query_heads attention.head_count_kv:i32[]=num_kv_heads
    rope.freq_base:f32=rope_freq_constant attention.layer_norm_rms_epsilon:f32=1e-6
    rope.dimension_count=head_dim attention.key_length=head_dim attention.value_length=head_dim file_type
  `),
  tensors: [
    ...named('token_embd output_norm attn_norm attn_qkv attn_output ffn_norm ffn_down attn_q_norm attn_k_norm'),
    block('ffn_gate', ['ffn.proj_1'], ['chunk', 0, 2], ['take', 0]),
    block('ffn_up', ['ffn.proj_1'], ['chunk', 0, 2], ['take', 1]),
  ],
  tokenizer: { kinds: ['sentencepiece', 'elsewhere'] },
} as const satisfies Architecture;
