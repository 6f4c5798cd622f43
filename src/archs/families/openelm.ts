import type { Architecture } from '../architecture.js';
import { block, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, needed } from '../text-keys.js';

export const openelm = {
  ...TEXT_MODEL,
  classes: ['OpenELMForCausalLM'],
  gguf: 'openelm',
  example: 'apple/OpenELM-270M',
  keys: [
    BLOCK_COUNT,
    needed('context_length', 'u32', 'max_context_length'),
    needed('embedding_length', 'u32', 'model_dim'),
    ['{arch}.feed_forward_length', 'i32[]', { derive: 'openelm_feed_forward' }],
    needed('attention.head_count', 'i32[]', 'num_query_heads'),
    needed('attention.head_count_kv', 'i32[]', 'num_kv_heads'),
    needed('rope.freq_base', 'f32', 'rope_freq_constant'),
    ['{arch}.attention.layer_norm_rms_epsilon', 'f32', { value: 1e-6 }],
    needed('rope.dimension_count', 'u32', 'head_dim'),
    needed('attention.key_length', 'u32', 'head_dim'),
    needed('attention.value_length', 'u32', 'head_dim'),
    FILE_TYPE,
  ],
  tensors: [
    ...named('token_embd output_norm attn_norm attn_qkv attn_output ffn_norm ffn_down attn_q_norm attn_k_norm'),
    block('ffn_gate', ['ffn.proj_1'], ['chunk', 0, 2], ['take', 0]),
    block('ffn_up', ['ffn.proj_1'], ['chunk', 0, 2], ['take', 1]),
  ],
  tokenizer: { kinds: ['sentencepiece', 'elsewhere'] },
} as const satisfies Architecture;
