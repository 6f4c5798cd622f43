import { family } from '../family.js';

const GIVEN_SIZE = 'block_ff_dim|intermediate_size';
const SCALED = `floor(block_ffn_dim_multiplier?1 * (2 * ${GIVEN_SIZE} // 3))`;
const ADJUSTED = `(${SCALED} + block_multiple_of - 1) // block_multiple_of * block_multiple_of`;
const LFM2 = `
  token_embd token_embd_norm output attn_norm attn_q attn_k attn_v attn_output ffn_norm ffn_gate ffn_up ffn_down
  $QK_NORMS shortconv.conv shortconv.in_proj shortconv.out_proj`;
const KERNEL = 'shortconv.conv.weight: squeeze(1)';
export const lfm2 = family`lfm2: Lfm2ForCausalLM LFM2ForCausalLM (LiquidAI/LFM2-1.2B)
  # Layers with short convolutions have no heads for keys and values.
  keys: + !attention.head_count_kv:i32[] = layers(layer_types? is "conv", 0, num_key_value_heads?)
    vocab_size; shortconv.l_cache = conv_L_cache; attention.layer_norm_rms_epsilon = norm_eps
    feed_forward_length = ${ADJUSTED} when set block_auto_adjust_ff_dim
    feed_forward_length = ${GIVEN_SIZE} when not set block_auto_adjust_ff_dim
  tensors: ${LFM2}; ${KERNEL}; rename: + lfm. = model.
  # What LFM2-Audio has around its language model.
  ignore: + *audio* *codebook* *conformer* *depth_embedding* *depthformer* *depth_linear*`;

/** Embedding models, some with a layer behind them. */
export const lfm2Embedding = family`lfm2: Lfm2Model Lfm2BidirectionalModel (LiquidAI/LFM2.5-Embedding-350M) like
    ${lfm2} unproven
  firstKeys: embedding_length_out = probe(dense_shape)?[0]
  keys: + attention.causal = false when @origin == "Lfm2BidirectionalModel"; pooling_type = @pooling_type
  tensors: ${LFM2.replace('output ', '')} dense_2; ${KERNEL}; token_embd_norm.* = embedding_norm.*
  probes: dense_shape: shape dense_2.weight; denseModules: 1_Dense/model.safetensors`;

/** The model of LFM2.5-Audio that makes sound of codes. It reads no text. */
export const lfm25AudioTokenizer = family`lfm2: Lfm25AudioTokenizer (LiquidAI/LFM2.5-Audio-1.5B) like ${lfm2}
  keys: + attention.sliding_window = sliding_window; embedding_length_out = output_size
  tensors: ${LFM2}; ${KERNEL}; dense_2.* = lin.*; ignore: $IGNORE istft.window emb.emb*; tokenizer: none`;

export const lfm2moe = family`lfm2moe: Lfm2MoeForCausalLM (LiquidAI/LFM2-8B-A1B)
  keys: + !attention.head_count_kv:i32[] = layers(layer_types? is "full_attention", num_key_value_heads?, 0)
    expert_feed_forward_length = moe_intermediate_size; leading_dense_block_count = num_dense_layers
    expert_gating_func = 2; vocab_size; shortconv.l_cache = conv_L_cache
  tensors: ${LFM2.replace('output ', '')} ffn_gate_inp exp_probs_b; ${KERNEL}
    experts .feed_forward.experts.{x}: w1 w2 w3
  rename: + .expert_bias = .expert_bias.bias`;
