import { family } from '../family.js';

const NAMES = 'token_embd output output_norm attn_norm attn_qkv attn_q attn_k attn_v attn_output ffn_norm';
const SIZE = 'hidden_size|n_embd';
const HEADS = 'num_attention_heads|n_head';
/** The dimensions of a head that are rotated: a share of the model's, whole, divided by the heads. */
const rotated = (or = '') => `rope.dimension_count = floor(rope_root/partial_rotary_factor${or} * ${SIZE}) // ${HEADS}`;
export const phi2 = family`phi2: PhiForCausalLM (microsoft/phi-2)
  keys: context_length[] = n_positions|max_position_embeddings; embedding_length[] = ${SIZE}
    feed_forward_length = ${SIZE} * 4; block_count = @block_count; attention.head_count[] = ${HEADS}
    attention.head_count_kv[] = ${HEADS}; attention.layer_norm_epsilon = layer_norm_epsilon|layer_norm_eps
    ${rotated()}; general.file_type = @file_type; tokenizer.ggml.add_bos_token = false
  tensors: ${NAMES} ffn_up ffn_down`;

/** Phi-3, Phi-3.5, Phi-4 and Phi-4-mini. Phi-4 is told by a window of 0. */
export const phi3 = family`phi3: Phi3ForCausalLM Phi4ForCausalLMV (microsoft/Phi-3-mini-4k-instruct)
  firstKeys: rope.scaling.attn_factor = @long_rope_attention_factor
  keys: context_length[] = n_positions|max_position_embeddings
    rope.scaling.original_context_length[] = rope_root/original_max_position_embeddings; embedding_length[] = ${SIZE}
    feed_forward_length[] = intermediate_size; block_count = @block_count; attention.head_count[] = ${HEADS}
    attention.head_count_kv[] = num_key_value_heads|n_head_kv; attention.layer_norm_rms_epsilon = rms_norm_eps
    ${rotated('?1')}; rope.freq_base = rope/rope_theta; general.file_type = @file_type
    attention.sliding_window[] = sliding_window?0
  tensors: ${NAMES} ffn_up ffn_down; extra: long_rope_factors; tokenizer: phi3 bpe`;

export const phimoe = family`phimoe: PhiMoEForCausalLM (microsoft/Phi-3.5-MoE-instruct) like ${phi3}
  keys: + expert_used_count[] = num_experts_per_tok|num_experts_per_token
    expert_count[] = num_local_experts|num_experts
  tensors: ${NAMES} ffn_gate_inp; $MIXTRAL_EXPERTS`;
