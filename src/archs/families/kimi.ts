import { family } from '../family.js';
import { KV_B, MLA, MLA_RANK, MLA_SIZES } from './deepseek.js';

const CONV = 'reshape(1, -1, 1, linear_attn_config/short_conv_kernel_size)';
/** Blocks with attention over all tokens; config.json counts them from 1. The others are recurrent. */
const FULL = 'among linear_attn_config/full_attn_layers after 1';
/** A norm and a projection to one number, of which only the product is used. */
const score = (to: string, name: string) =>
  `${to}.weight = ${name}_norm.weight + ${name}_proj.weight: float, reshape(-1), product`;
/** Kimi K3. The vision model is no part of it. */
export const kimiK3 = family`kimi-k3: KimiK3ForConditionalGeneration (moonshotai/Kimi-K3)
  keys: + !attention.head_count_kv[] = layers(${FULL}, 1, 0); vocab_size
    ssm.conv_kernel = linear_attn_config/short_conv_kernel_size; kda.head_dim = linear_attn_config/head_dim
    kda.gate_lower_bound = linear_attn_config/gate_lower_bound?; attention.q_lora_rank = q_lora_rank?; ${MLA_RANK}
    rope.dimension_count = qk_rope_head_dim; ${MLA_SIZES}; expert_feed_forward_length = moe_intermediate_size
    expert_shared_count = num_shared_experts; leading_dense_block_count = first_k_dense_replace
    expert_weights_scale = routed_scaling_factor; expert_weights_norm = moe_renormalize; expert_gating_func = 2
    expert_latent_length = routed_expert_hidden_size?; activation.situ_beta = activation_situ_beta
    activation.situ_linear_beta = activation_situ_linear_beta; attn_res.block_size = attn_res_block_size
  tensors: token_embd output_norm output attn_norm ${MLA} attn_k attn_v ffn_norm ffn_gate_inp exp_probs_b ffn_up
    ffn_gate
    ffn_down ffn_up_shexp ffn_gate_shexp ffn_down_shexp ssm_a ssm_norm ssm_conv1d_q ssm_conv1d_k ssm_conv1d_v ssm_f_a
    ssm_f_b ssm_beta ffn_routed_down ffn_routed_up ffn_routed_norm; ssm_conv1d_q ssm_conv1d_k ssm_conv1d_v: ${CONV}
    ssm_a: float, slice(0, 0, head_count), exp, neg; .ssm_dt.bias = .self_attn.dt_bias
    .attn_gate.* = .self_attn.g_proj.* on ${FULL}; .ssm_g.* = .self_attn.g_proj.* on not ${FULL}
    ${score('.attn_res_score', '.self_attention_res')}; ${score('.ffn_res_score', '.mlp_res')}
    ${score('output_res_score', 'model.output_attn_res')}; $MIXTRAL_EXPERTS; ${KV_B}
  tokenizer: bpe kimi-tiktoken, after default-eos`;

const ROPE = 'qk_rope_head_dim|n_rot';
const V = 'n_embd_head_v_mla|v_head_dim';
/** The matrix from the latent to keys and values as two; that of the keys is applied to queries, so transposed. */
const LATENT = `reshape(kv_head_count, qk_nope_head_dim + ${V}, -1), split(1, (qk_nope_head_dim), ${V})`;
/** Linear attention (KDA), and between it blocks with full attention by way of a latent (MLA). */
export const kimiLinear = family`kimi-linear: KimiLinearModel KimiLinearForCausalLM
    (moonshotai/Kimi-Linear-48B-A3B-Instruct) unproven
  keys: + !attention.head_count_kv:i32[] = @kimi_kv_heads; vocab_size
    ssm.conv_kernel = linear_attn_config/short_conv_kernel_size?; kda.head_dim = linear_attn_config/head_dim?
    attention.q_lora_rank = q_lora_rank|n_lora_q?; attention.kv_lora_rank = kv_lora_rank|n_lora_kv
    rope.dimension_count = ${ROPE}; attention.key_length = kv_lora_rank|n_lora_kv + ${ROPE}
    attention.key_length_mla = n_embd_head_k_mla? else qk_nope_head_dim? + ${ROPE}
    attention.value_length_mla = n_embd_head_v_mla? else v_head_dim?
    expert_feed_forward_length = moe_intermediate_size; expert_shared_count = num_shared_experts
    leading_dense_block_count = first_k_dense_replace; expert_weights_scale = routed_scaling_factor
  tensors: $DENSE ffn_gate_inp exp_probs_b ffn_up_shexp ffn_gate_shexp ffn_down_shexp ssm_dt ssm_a ssm_norm
    ssm_conv1d_q ssm_conv1d_k ssm_conv1d_v ssm_f_a ssm_f_b ssm_beta ssm_g_a ssm_g_b attn_q_a attn_q_b attn_kv_a_mqa
    attn_q_a_norm attn_kv_a_norm; ssm_conv1d_q ssm_conv1d_k ssm_conv1d_v: ${CONV.replace('size', 'size?')}
    ssm_a: exp, neg; .attn_k_b.weight = .self_attn.kv_b_proj.weight: ${LATENT}, take(0), transpose(1, 2)
    .attn_v_b.weight = .self_attn.kv_b_proj.weight: ${LATENT}, take(1); $MIXTRAL_EXPERTS
  rename: + .dt_bias = .dt_proj.bias; tokenizer: bpe kimi-tiktoken, after tokenizer-eos`;
