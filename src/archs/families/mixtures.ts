import { family } from '../family.js';

/** Mixtures of experts that have no kin. */

/** All experts in one matrix, `(experts * size, width)`. */
const DBRX_EXPERTS = 'reshape(ffn_config/moe_num_experts, ffn_config/ffn_hidden_size, d_model)';
export const dbrx = family`dbrx: DbrxForCausalLM (alpindale/dbrx-instruct)
  keys: block_count = @block_count; context_length = max_seq_len; embedding_length = d_model
    feed_forward_length = ffn_config/ffn_hidden_size; attention.head_count = n_heads
    attention.head_count_kv = attn_config/kv_n_heads; rope.freq_base = attn_config/rope_theta
    attention.clamp_kqv = attn_config/clip_qkv; expert_count = ffn_config/moe_num_experts
    expert_used_count = ffn_config/moe_top_k; attention.layer_norm_epsilon = 1e-5; general.file_type = @file_type
  tensors: token_embd output_norm output attn_norm attn_qkv attn_output attn_output_norm ffn_gate_inp
    .ffn_gate_exps.weight = .ffn.experts.mlp.w1: ${DBRX_EXPERTS}
    .ffn_down_exps.weight = .ffn.experts.mlp.w2: ${DBRX_EXPERTS}, transpose(1, 2)
    .ffn_up_exps.weight = .ffn.experts.mlp.v1: ${DBRX_EXPERTS}
  types: * outtype`;

/** Gates and ups are the even and the odd rows of one tensor, which the checkpoint has transposed. */
export const gptOss = family`gpt-oss: GptOssForCausalLM (openai/gpt-oss-20b)
  keys: + attention.sliding_window = sliding_window; expert_feed_forward_length = intermediate_size
  tensors: $ATTENTION post_attention_norm ffn_gate_inp; $SINKS
    .ffn_down_exps.weight = .mlp.experts.down_proj: transpose(1, 2); .ffn_down_exps.bias = .mlp.experts.down_proj_bias
    .ffn_gate_exps.weight = .mlp.experts.gate_up_proj: transpose(1, 2), slice(1, 0, -1, 2)
    .ffn_gate_exps.bias = .mlp.experts.gate_up_proj_bias: slice(1, 0, -1, 2)
    .ffn_up_exps.weight = .mlp.experts.gate_up_proj: transpose(1, 2), slice(1, 1, -1, 2)
    .ffn_up_exps.bias = .mlp.experts.gate_up_proj_bias: slice(1, 1, -1, 2)`;

export const grok = family`grok: GrokForCausalLM Grok1ForCausalLM (keyfan/grok-1-hf)
  keys: + attn_logit_softcapping = attn_logit_softcapping?30
    router_logit_softcapping = router_logit_softcapping?30
    final_logit_softcapping = final_logit_softcapping? when set final_logit_softcapping
    expert_feed_forward_length = moe_intermediate_size?
    # Grok 2 says "original", and means YaRN.
    if rope_type in ["yarn", "original"] {
      rope.scaling.type = "yarn"; rope.scaling.factor = scaling_factor
      rope.scaling.original_context_length = original_max_position_embeddings
      rope.scaling.yarn_ext_factor = extrapolation_factor; rope.scaling.yarn_attn_factor = attn_factor
      rope.scaling.yarn_beta_fast = beta_fast; rope.scaling.yarn_beta_slow = beta_slow
    }
    attention.temperature_length = attn_temperature_len? when set attn_temperature_len
    attention.output_scale = attn_output_multiplier? else @head_dim ** -0.5
    embedding_scale = embedding_multiplier_scale; logit_scale = output_multiplier_scale
  tensors: $DENSE ffn_gate_inp attn_output_norm layer_output_norm post_ffw_norm
    experts .moe.{x}: linear linear_1 linear_v; $MIXTRAL_EXPERTS group "experts of Grok 2"
  tokenizer: sentencepiece bpe`;

/** Two experts of a group share a small one. */
export const grovemoe = family`grovemoe: GroveMoeForCausalLM modeling_grove_moe.GroveMoeForCausalLM
    (inclusionAI/GroveMoE-Inst)
  keys: + expert_feed_forward_length = moe_intermediate_size?
    expert_chunk_feed_forward_length = head_dim?128; experts_per_group = 2; expert_group_scale = 0.05
  tensors: $DENSE ffn_gate_inp $QK_NORMS; $EXPERTS
    .ffn_down_chexps.* = .mlp.chunk_experts.{x}.down_proj.* each expert_pair_count group "chunk experts"
    .ffn_gate_chexps.* = .mlp.chunk_experts.{x}.gate_proj.* each expert_pair_count group "chunk experts"
    .ffn_up_chexps.* = .mlp.chunk_experts.{x}.up_proj.* each expert_pair_count group "chunk experts"
  drop: + *.expert_bias`;

const HEADS = 'num_attention_heads';
const VARIED = 'set num_attention_heads_per_layer';
/** Layers differ in their heads and their rotary embeddings. */
export const laguna = family`laguna: LagunaForCausalLM (poolside/Laguna-XS.2)
  keys: + vocab_size; attention.head_count:i32[] = num_attention_heads_per_layer? when ${VARIED}
    attention.head_count:i32[] = layers(from 0, ${HEADS}, ${HEADS}) when not ${VARIED}
    attention.sliding_window = sliding_window? when sliding_window > 0
    expert_feed_forward_length = moe_intermediate_size
    expert_shared_feed_forward_length = shared_expert_intermediate_size; expert_weights_norm = true
    expert_weights_scale = moe_routed_scaling_factor; expert_gating_func = 2
    leading_dense_block_count = @leading_dense_layers
    rope.dimension_count = floor(head_dim * rope/partial_rotary_factor?1)
    rope.dimension_count_swa = floor(head_dim * rope_sliding/partial_rotary_factor?1) when set rope_sliding/rope_theta
  tensors: $DENSE ffn_gate_inp exp_probs_b $SHARED $QK_NORMS
    .attn_gate.weight = .self_attn.g_proj.weight: reshape(@laguna_gate_widths, hidden_size)
    experts .mlp.experts.{x}: gate_proj up_proj down_proj
  tokenizer: bpe, after template-file laguna-end-of-turn`;

const MELLUM_TENSORS = `$DENSE ffn_gate_inp $QK_NORMS; $EXPERTS`;
export const mellum = family`mellum: MellumForCausalLM (JetBrains/Mellum2-12B-A2.5B-Base) unproven
  keys: + expert_feed_forward_length = moe_intermediate_size?
    if use_sliding_window != false and sliding_window > -1 {
      attention.sliding_window = sliding_window?; $LAYER_WINDOWS
    }
  tensors: ${MELLUM_TENSORS}`;

/** Experts' gates and ups are clamped. */
export const maple = family`maple: MapleForCausalLM (deepgrove/maple-preview) unproven
  keys: + vocab_size; $ROTARY_DIMENSIONS(@head_dim, ?1); attention.sliding_window = sliding_window
    $LAYER_WINDOWS; expert_feed_forward_length = moe_intermediate_size; swiglu_clamp_exp = layers(from 0, 7, 7)
  tensors: ${MELLUM_TENSORS}`;

/** Blocks with a sliding window: those that config.json says, and those for multi-token prediction. */
const inWindow = (yes: string, no: string) =>
  `layers(from @main_block_count, ${yes}, layers(hybrid_layer_pattern? is 1, ${yes}, ${no}))`;
/** All releases have as many blocks for multi-token prediction, and no config.json counts them. */
const MIMO_MTP = '3';
export const mimo2 = family`mimo2: MiMoV2FlashForCausalLM MiMoV2ForCausalLM (XiaomiMiMo/MiMo-V2.5)
  keys: + attention.head_count_kv:i32[] = ${inWindow('swa_num_key_value_heads?', 'num_key_value_heads?')}
    attention.sliding_window = sliding_window; attention.sliding_window_pattern:i32[] = ${inWindow('1', '0')}
    attention.value_length = v_head_dim; expert_count = n_routed_experts
    expert_feed_forward_length = moe_intermediate_size
    rope.dimension_count = floor(@head_dim * rope/partial_rotary_factor)
    attention.layer_norm_rms_epsilon = layernorm_epsilon?1e-5; attention.value_scale = attention_value_scale?
    nextn_predict_layers = ${MIMO_MTP}
  tensors: $DENSE attn_qkv ffn_gate_inp exp_probs_b layer_output_norm $NEXTN_TENSORS
    experts .mlp.experts.{x}: gate_proj up_proj down_proj; .attn_sinks.weight = .self_attn.attention_sink_bias[.weight]
  blocks: + model.mtp.layers.{b}+main_block_count; mtp: blocks ${MIMO_MTP}`;

export const smallthinker = family`smallthinker: SmallThinkerForCausalLM (PowerInfer/SmallThinker-4BA0.6B-Instruct)
  keys: + expert_count = moe_num_primary_experts?; expert_used_count = moe_num_active_primary_experts?
    expert_feed_forward_length = moe_ffn_hidden_size?; feed_forward_length = moe_ffn_hidden_size?
    expert_gating_func = 1 when set moe_primary_router_apply_softmax
    expert_gating_func = 2 when not set moe_primary_router_apply_softmax
    attention.sliding_window = @smallthinker_window
  tensors: $DENSE ffn_gate_inp; experts .block_sparse_moe.experts.{x}: down gate up`;

const WINDOWS = '@padded_windows is 1';
/** Layers with a window have numbers of heads of their own. */
const heads = (field: string) => `layers(${WINDOWS}, attention_other_setting/${field}? else ${field}, ${field})`;
/** Step-3.5 and Step-3.7. The checkpoint's norms are those of the model, less one. */
export const step35 = family`step35: Step3p5ForCausalLM Step3p7ForConditionalGeneration (stepfun-ai/Step-3.7-Flash)
  keys: + attention.head_count:i32[] = ${heads('num_attention_heads')}
    attention.head_count_kv:i32[] = ${heads('num_attention_groups')}; attention.sliding_window = sliding_window
    attention.sliding_window_pattern = layers(${WINDOWS}); attention.value_length = head_dim
    expert_count = moe_num_experts; expert_used_count = moe_top_k; expert_feed_forward_length = moe_intermediate_size
    expert_shared_feed_forward_length = share_expert_dim; expert_weights_scale = moe_router_scaling_factor?
    expert_weights_norm = norm_expert_weight?; leading_dense_block_count = @step_dense_layers
    moe_every_n_layers = moe_every_n_layer?1; attention.layer_norm_rms_epsilon = rms_norm_eps?1e-5
    swiglu_clamp_exp = @swiglu_limits; swiglu_clamp_shexp = @shared_swiglu_limits; $NEXTN_IF_ANY
  tensors: $DENSE attn_gate ffn_gate_inp ffn_gate_exps ffn_up_exps ffn_down_exps
    $SHARED $QK_NORMS $NEXTN_TENSORS
    plus-one output_norm attn_norm ffn_norm $QK_NORMS nextn.shared_head_norm nextn.enorm nextn.hnorm
    .exp_probs_b.bias = .moe.router_bias
  rename: + .transformer. = ., shared_head.output = shared_head.head; extra: step_rope_freqs; mtp: $NEXTN`;
