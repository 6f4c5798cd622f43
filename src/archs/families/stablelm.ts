import type { Architecture, TensorRule } from '../architecture.js';
import { DENSE, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, HEAD_SHARE, required, rotaryDimensions } from '../text-keys.js';

/** StableLM 2 12B has a norm for each head: llama.cpp reads all of a block as one tensor. */
const headNorms = (name: string, to: string, each: 'head_count' | 'kv_head_count'): TensorRule => ({
  from: [`{L}.self_attn.${name}.norms.{x}.weight`],
  to: `blk.{b}.${to}.weight`,
  each,
});

export const stablelm = {
  ...TEXT_MODEL,
  classes: ['StableLmForCausalLM', 'StableLMEpochForCausalLM', 'LlavaStableLMEpochForCausalLM'],
  gguf: 'stablelm',
  example: 'stabilityai/stablelm-2-1_6b',
  keys: [
    ['{arch}.context_length', 'u32', required('max_position_embeddings')],
    ['{arch}.embedding_length', 'u32', required('hidden_size')],
    BLOCK_COUNT,
    ['{arch}.feed_forward_length', 'u32', required('intermediate_size')],
    rotaryDimensions(HEAD_SHARE),
    ['{arch}.attention.head_count', 'u32', required('num_attention_heads')],
    ['{arch}.attention.head_count_kv', 'u32', required('num_key_value_heads')],
    ['{arch}.use_parallel_residual', 'bool', { fields: ['use_parallel_residual'], or: true }],
    ['{arch}.attention.layer_norm_epsilon', 'f32', { fields: ['layer_norm_eps', 'norm_eps'], required: true }],
    FILE_TYPE,
  ],
  tensors: [
    ...named(DENSE),
    headNorms('q_layernorm', 'attn_q_norm', 'head_count'),
    headNorms('k_layernorm', 'attn_k_norm', 'kv_head_count'),
  ],
} as const satisfies Architecture;
