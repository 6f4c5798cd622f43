import type { Architecture, TensorRule } from '../architecture.js';
import { DENSE, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, EQUAL_SHARE, FILE_TYPE, keyRows, rotaryDimensions } from '../text-keys.js';

const headNorms = (name: string, to: string, each: 'head_count' | 'kv_head_count'): TensorRule => ({
  from: [`{L}.self_attn.${name}.norms.{x}.weight`],
  to: `blk.{b}.${to}.weight`,
  each,
});

/** StableLM 2 12B has a norm for each head. llama.cpp reads those of a block as one tensor, which the reference drops. */
export const stablelm = {
  ...TEXT_MODEL,
  classes: ['StableLmForCausalLM', 'StableLMEpochForCausalLM', 'LlavaStableLMEpochForCausalLM'],
  gguf: 'stablelm',
  example: 'stabilityai/stablelm-2-1_6b',
  keys: [
    ...keyRows('u32', 'context_length=max_position_embeddings embedding_length=hidden_size'),
    BLOCK_COUNT,
    ...keyRows('u32', 'feed_forward_length=intermediate_size'),
    rotaryDimensions(EQUAL_SHARE),
    ...keyRows('u32', 'attention.head_count=num_attention_heads attention.head_count_kv=num_key_value_heads'),
    ['{arch}.use_parallel_residual', 'bool', { fields: ['use_parallel_residual'], or: true }],
    ...keyRows('f32', 'attention.layer_norm_epsilon=layer_norm_eps|norm_eps'),
    FILE_TYPE,
  ],
  tensors: [
    ...named(DENSE),
    headNorms('q_layernorm', 'attn_q_norm', 'head_count'),
    headNorms('k_layernorm', 'attn_k_norm', 'kv_head_count'),
  ],
  tokenizer: { kinds: ['bpe', 'qwen-tiktoken'] },
} as const satisfies Architecture;
