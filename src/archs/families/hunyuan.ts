import { family } from '../family.js';
import * as deepseek from './deepseek.js';

/** config.json says less than the models take. */
const DYNAMIC = 'rope_root/rope_type? in ["dynamic"]';
const LONG = `
  rope.scaling.original_context_length = ${256 * 1024} when ${DYNAMIC}; context_length = ${256 * 1024} when ${DYNAMIC}`;
/** A base that grows with `alpha`, so that the model takes longer texts than it was trained with. */
const scaled = (when: string, alpha: number, dimensions: string) => `
  if ${when} {
    rope.freq_base = rope_root/rope_theta?10000 * rope_root/alpha?${alpha} ** (${dimensions} / (${dimensions} - 2))
    rope.scaling.type = "none"; rope.scaling.factor = 1
  }`;
export const hunyuanMoe = family`hunyuan-moe: HunYuanMoEV1ForCausalLM (tencent/Hunyuan-A13B-Instruct) unproven
  keys: + expert_shared_feed_forward_length = intermediate_size
    expert_feed_forward_length = @hunyuan_expert_size; expert_used_count = @hunyuan_experts_used
    expert_shared_count = @hunyuan_experts_shared; ${scaled(DYNAMIC, 1000, '$EQUAL_SHARE')}; ${LONG}
  tensors: $TIED_OUTPUT; $HEADLESS $SHARED_EXPERT $QK_NORMS; $EXPERTS
  tokenizer: bpe hunyuan-tiktoken, after hunyuan-bos`;

// `num_experts` is 1 in a dense model.
const DENSE_KEYS = `$TEXT_KEYS; !expert_count = num_local_experts|n_routed_experts?
  ${scaled('rope_root/rope_type? in ["dynamic", "xdrope"]', 50, 'head_dim')}`;
export const hunyuanDense = family`hunyuan-dense: HunYuanDenseV1ForCausalLM (tencent/Hunyuan-4B-Instruct)
  keys: ${DENSE_KEYS}; ${LONG}; tensors: $TIED_OUTPUT; $HEADLESS $QK_NORMS
  tokenizer: bpe hunyuan-tiktoken, mayLackPadding, after hunyuan-bos hunyuan-ends`;

/** Sections of the rotary dimensions for images; newer files call the type `dynamic`. */
const XDROPE = `rope_root/rope_type? in ["xdrope"] or ${DYNAMIC} and set rope_root/mrope_section`;
export const hunyuanVl = family`hunyuan_vl: HunYuanVLForConditionalGeneration (tencent/HunyuanOCR) like ${hunyuanDense}
  keys: ${DENSE_KEYS}; ${LONG.replaceAll(DYNAMIC, `${DYNAMIC} and not set rope_root/mrope_section`)}
    if ${XDROPE} {
      rope.freq_base = rope_root/rope_theta; rope.scaling.alpha = rope_root/alpha
      rope.scaling.factor = rope_root/factor?1; rope.scaling.original_context_length = max_position_embeddings
      context_length = max_position_embeddings
      rope.dimension_sections = rope_root/xdrope_section? else rope_root/mrope_section?
    }`;

export const hyV3 = family`hy_v3: HYV3ForCausalLM (tencent/Hy3) unproven
  keys: + expert_feed_forward_length = moe_intermediate_size
    expert_shared_feed_forward_length = moe_intermediate_size? * num_shared_experts?1
    expert_weights_norm = route_norm?true; expert_weights_scale = router_scaling_factor?1; expert_gating_func = 2
    $NEXTN_IF_ANY
  tensors: $DENSE $SHARED_EXPERT exp_probs_b $QK_NORMS $NEXTN_TENSORS; $EXPERTS
  rename: + .final_layernorm. = .shared_head.norm.; mtp: $NEXTN, plainName`;

/** One group of experts is none. */
const GROUPED = 'not (n_group == 1 and topk_group == 1)';
const LATENT = 'reshape(head_count, qk_nope_head_dim + v_head_dim, -1), split(1, qk_nope_head_dim, v_head_dim)';
/** Tensors whose names end without `.weight`. */
const BARE =
  '.hc_head_fn .hc_head_base .hc_head_scale .hc_pre.hc_fn .hc_pre.hc_base .hc_pre.hc_scale .learnable_sink_param';
const BARE_NAMES = BARE.replaceAll(/\S+/g, '$& = $&.weight,').replace(/,$/, '');
/** Hunyuan 4: DeepSeek's attention with a gate and sinks, sparse in some layers, and hyper-connections. */
export const hyV4 = family`hy_v4: HYV4ForCausalLM (tencent/Hy4-preview) like ${deepseek.DEEPSEEK2} unproven
  keys: ${deepseek.DEEPSEEK_TEXT_KEYS}; !attention.head_count_kv[] = 1
    !expert_group_count = n_group? when ${GROUPED}; !expert_group_used_count = topk_group? when ${GROUPED}
    ${deepseek.deepseekKeys(deepseek.MLA_KEYS, 'leading_dense_block_count = @hy_v4_leading_dense')}
    ${deepseek.YARN_MULTIPLIER}; expert_gating_func = 2
    swiglu_clamp_exp = layers(from 0, swiglu_limit?) when swiglu_limit > 0; hyper_connection.count = hc_mult
    hyper_connection.epsilon = hc_eps; hyper_connection.magnitude = hc_magnitude
    if @hy_v4_has_indexers {
      ${deepseek.INDEXER_KEYS}
    }
    attention.indexer.types = @hy_v4_indexers
  tensors: ${deepseek.DEEPSEEK2_TENSORS} attn_q_a attn_q_a_norm attn_q_b attn_kv_a_mqa attn_kv_a_norm attn_output
    attn_sinks attn_gate ${deepseek.INDEXER} output_hc_fn output_hc_base output_hc_scale hc_attn_fn hc_attn_base
    hc_attn_scale hc_ffn_fn hc_ffn_base hc_ffn_scale; ${deepseek.DEEPSEEK2_OUTPUT}
    .attn_k_b.* = .self_attn.kv_b_proj.*: ${LATENT}, take(0), transpose(1, 2)
    .attn_v_b.* = .self_attn.kv_b_proj.*: ${LATENT}, take(1); $STACKED_EXPERTS
  rename: + ${BARE_NAMES}; ignore: + model.mtp_layers.*
  types: *hc_attn_fn.weight F32; *hc_ffn_fn.weight F32; output_hc_fn.weight F32
    output.weight F32 when set enable_lm_head_fp32
  mtp: blocks 0, convert never`;
