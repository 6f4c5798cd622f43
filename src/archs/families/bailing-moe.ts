import { family } from '../family.js';

/** Ling 1 and 1.5: in the output, each dimension is brought to length 1. */
export const bailingmoe = family`bailingmoe: BailingMoeForCausalLM (inclusionAI/Ling-lite)
  keys: + rope.dimension_count = @head_dim; leading_dense_block_count = first_k_dense_replace; vocab_size
    expert_feed_forward_length = moe_intermediate_size; expert_weights_scale = 1
    expert_shared_count = num_shared_experts; expert_weights_norm = norm_topk_prob
  tensors: output.* = lm_head.* when not set norm_head
    output.weight = lm_head.weight: unit(1e-7, head_norms) when set norm_head; $HEADLESS $SHARED_EXPERT
    .attn_q.* = .attention.query_key_value.*: $SPLIT_QKV, take(0), rotary(head_count)
    .attn_k.* = .attention.query_key_value.*: $SPLIT_QKV, take(1), rotary(kv_head_count)
    .attn_v.* = .attention.query_key_value.*: $SPLIT_QKV, take(2); $EXPERTS
  probes: head_norms: norms lm_head.weight when set norm_head`;

const BAILING_MOE_2_TENSORS = `$DENSE attn_qkv $SHARED_EXPERT exp_probs_b $QK_NORMS layer_output_norm $NEXTN_TENSORS`;
/** Ling and Ring 2. */
export const bailingmoe2 = family`bailingmoe2: BailingMoeV2ForCausalLM (inclusionAI/Ling-mini-2.0)
  keys: + $ROTARY_DIMENSIONS(@head_dim, ?0.5)
    leading_dense_block_count = first_k_dense_replace; vocab_size; expert_feed_forward_length = moe_intermediate_size
    expert_shared_feed_forward_length = moe_shared_expert_intermediate_size? else moe_intermediate_size *
    num_shared_experts; expert_weights_scale = routed_scaling_factor; expert_shared_count = num_shared_experts
    expert_weights_norm = norm_topk_prob; $NEXTN_KEY
  tensors: ${BAILING_MOE_2_TENSORS}; $EXPERTS
  rename: + .expert_bias = .expert_bias.bias; mtp: blocks num_nextn_predict_layers?`;

/** Sarvam: all dimensions of a head rotate, and the biases that choose experts are centred. */
export const sarvamMoe = family`bailingmoe2: SarvamMoEForCausalLM modeling_sarvam_moe.SarvamMoEForCausalLM
    (sarvamai/sarvam-30b) like ${bailingmoe2}
  keys: + rope.dimension_count = @head_dim
  tensors: ${BAILING_MOE_2_TENSORS}; exp_probs_b: centre(probe(bias_means)); $EXPERTS
  probes: bias_means: averages model.layers.{b}.mlp.gate.expert_bias`;

/** Blocks with full attention: each last one of a group, and those behind the last whole group. */
const GROUPED = '@main_block_count // layer_group_size * layer_group_size';
const FULL = `layers(from ${GROUPED}, 1, layers(every layer_group_size after 1, 1, 0))`;
/** The matrix from a latent to keys and values as two; that of the keys is applied to queries, so it is transposed. */
const LATENT = 'reshape(head_count, qk_nope_head_dim + v_head_dim, -1), split(1, (qk_nope_head_dim), (v_head_dim))';
/** Ling 3: linear attention (KDA), and full attention with a latent every few blocks. */
export const bailingmoe3 = family`bailingmoe3: BailingMoeV3ForCausalLM (inclusionAI/Ling-3.0-tiny)
  keys: + !attention.head_count_kv:i32[] = ${FULL}; vocab_size
    ssm.conv_kernel = short_conv_kernel_size; kda.head_dim = head_dim; kda.safe_gate = kda_safe_gate
    kda.gate_lower_bound = kda_lower_bound; attention.q_lora_rank = q_lora_rank?; attention.kv_lora_rank = kv_lora_rank
    rope.dimension_count = qk_rope_head_dim; attention.key_length = kv_lora_rank + qk_rope_head_dim
    attention.key_length_mla = qk_nope_head_dim + qk_rope_head_dim; attention.value_length_mla = v_head_dim
    expert_feed_forward_length = moe_intermediate_size
    expert_shared_feed_forward_length = moe_shared_expert_intermediate_size; expert_shared_count = num_shared_experts
    leading_dense_block_count = first_k_dense_replace; expert_weights_scale = routed_scaling_factor
    expert_weights_norm = norm_topk_prob; swiglu_clamp_exp = @ling_swiglu_limits
    swiglu_clamp_shexp = @ling_shared_swiglu_limits; $NEXTN_IF_ANY
  tensors: $DENSE $SHARED_EXPERT exp_probs_b layer_output_norm ssm_dt ssm_a ssm_norm ssm_conv1d_q ssm_conv1d_k
    ssm_conv1d_v; ssm_beta attn_q_a attn_q_b attn_kv_a_mqa attn_q_a_norm attn_kv_a_norm $NEXTN_TENSORS
    ssm_conv1d_q ssm_conv1d_k ssm_conv1d_v: reshape(1, -1, 1, short_conv_kernel_size); ssm_a: exp, reshape(-1, 1)
    .ssm_f_a.* = .attention.f_proj.* on ${FULL} is 0; .ssm_g_a.* = .attention.g_proj.* on ${FULL} is 0
    .attn_gate.* = .attention.g_proj.* on ${FULL} is 1
    .attn_k_b.* = .attention.kv_b_proj.*: ${LATENT}, take(0), transpose(1, 2)
    .attn_v_b.* = .attention.kv_b_proj.*: ${LATENT}, take(1); $EXPERTS
  rename: + .expert_bias = .expert_bias.bias, .dt_bias = .dt_proj.bias
  mtp: $NEXTN, keep model.word_embeddings.weight model.norm.weight lm_head.weight`;
