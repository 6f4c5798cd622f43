import { family } from '../family.js';

const ATTENTION = '$ATTENTION ffn_norm ffn_gate_inp';
/** MiniMax-Text-01 and M1: lightning attention in most layers. Added tokens without an embedding are suppressed. */
export const minimax01 = family`minimax-01: MiniMaxText01ForCausalLM MiniMaxM1ForCausalLM (MiniMaxAI/MiniMax-Text-01)
  keys: + tokenizer.ggml.suppress_tokens = probe(zero_rows)? when set probe(zero_rows)
    residual_scale = layernorm_full_attention_alpha; rope.dimension_count = rotary_dim
  tensors: token_embd output_norm output attn_norm attn_norm_2 attn_qkv attn_q attn_k attn_v attn_output attn_gate
    ffn_norm ffn_gate_inp; $MIXTRAL_EXPERTS
  probes: zero_rows: zero-rows model.embed_tokens.weight from @own_token_count
  files: tokenizer.json; tokenizer: bpe, after template-file`;

export const minimaxM2 = family`minimax-m2: MiniMaxM2ForCausalLM (MiniMaxAI/MiniMax-M2)
  keys: + expert_feed_forward_length = intermediate_size; rope.dimension_count = rotary_dim
    tensors: ${ATTENTION} exp_probs_b $QK_NORMS; $MIXTRAL_EXPERTS`;

/** An indexer chooses what is attended to. The checkpoint's norms are those of the model, less one. */
export const minimaxM3 = family`minimax-m3: MiniMaxM3SparseForCausalLM MiniMaxM3SparseForConditionalGeneration
    (MiniMaxAI/MiniMax-M3) like ${minimaxM2}
  keys: + expert_shared_count = n_shared_experts; expert_weights_scale = routed_scaling_factor
    expert_weights_norm = true; attention.indexer.head_count = sparse_attention_config/sparse_num_index_heads
    attention.indexer.key_length = sparse_attention_config/sparse_index_dim
    attention.indexer.top_k = sparse_attention_config/sparse_topk_blocks
    attention.indexer.block_size = sparse_attention_config/sparse_block_size
    attention.indexer.local_blocks = sparse_attention_config/sparse_local_block
    leading_dense_block_count = @leading_dense_layers
  tensors: ${ATTENTION} exp_probs_b ffn_gate ffn_up ffn_down $SHARED $QK_NORMS
    indexer.q_proj indexer.k_proj indexer.q_norm indexer.k_norm
    plus-one output_norm attn_norm ffn_norm $QK_NORMS indexer.q_norm indexer.k_norm; $MIXTRAL_EXPERTS
  types: *.indexer.* F32`;
