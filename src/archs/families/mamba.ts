import { family } from '../family.js';

const WIDTH = 'hidden_size|d_model|dim';
/** The context has no end. llama.cpp wants some keys of attention, but does not use them. */
const MAMBA_KEYS = `
  context_length = ${2 ** 20}; embedding_length = ${WIDTH}; feed_forward_length = 0; attention.head_count = 0
  block_count = @block_count`;
const RMS_NORM = 'attention.layer_norm_rms_epsilon = layer_norm_epsilon|rms_norm_eps?1e-5';
const IS_TIED = '(probe(output is embeddings) or probe(output is embedding))';
/** The output is left out where it is the embedding. Older checkpoints call that `embedding`. */
export const mamba = family`mamba: MambaForCausalLM MambaLMHeadModel FalconMambaForCausalLM (state-spaces/mamba-130m-hf)
  keys: ${MAMBA_KEYS}; ssm.conv_kernel = conv_kernel|d_conv?4
    ssm.inner_size = intermediate_size|d_inner? else ${WIDTH} * 2; ssm.state_size = state_size|d_state?16
    ssm.time_step_rank = time_step_rank|dt_rank? else (${WIDTH} + 15) // 16; ${RMS_NORM}
    ssm.dt_b_c_rms = true when model_type == "falcon_mamba"; ssm.dt_b_c_rms = false when model_type != "falcon_mamba"
    general.file_type = @file_type
  probes: output is embeddings: equal backbone.embeddings.weight lm_head.weight
    output is embedding: equal backbone.embedding.weight lm_head.weight
  tokenizer: bpe sentencepiece elsewhere, multiple pad_vocab_size_multiple 8
  tensors: token_embd output_norm attn_norm ssm_in ssm_conv1d ssm_x ssm_dt ssm_a ssm_d ssm_out
    ssm_conv1d.weight: squeeze(1); ssm_a: exp, neg; output when not ${IS_TIED}; unwritten output when ${IS_TIED}`;

const GROUPS = 'n_groups|mamba_n_groups?1';
const INNER = 'mamba_d_ssm|intermediate_size|d_inner? else mamba_expand|expand?2 * hidden_size|d_model|dim';
const SSM2 = 'ssm_in ssm_conv1d ssm_dt ssm_a ssm_d ssm_norm ssm_out';
const SSM2_SHAPES = `ssm_conv1d.weight: squeeze(1); ssm_a: reshape(-1, 1), exp, neg; ssm_d: reshape(-1, 1)
  ssm_norm: reshape(${GROUPS}, -1)`;
export const mamba2 = family`mamba2: Mamba2ForCausalLM (mistralai/Mamba-Codestral-7B-v0.1)
  keys: ${MAMBA_KEYS}; ssm.conv_kernel = conv_kernel|d_conv|mamba_d_conv?4; ssm.inner_size = ${INNER}
    ssm.state_size = state_size|d_state|mamba_d_state?128; ssm.time_step_rank = (${INNER}) // mamba_d_head|head_dim?64
    ssm.group_count = ${GROUPS}; ${RMS_NORM}; general.file_type = @file_type
  tensors: token_embd output_norm output attn_norm ${SSM2}; ${SSM2_SHAPES}
  rename: model.backbone = backbone, model.lm_head = lm_head, .dt_bias = .dt_proj.bias
  tokenizer: sentencepiece bpe elsewhere, multiple pad_vocab_size_multiple 16`;

/** The widths of z, x, B, C and dt in the input projection, each of which has a multiplier. */
const STATE = 'mamba_n_groups * mamba_d_state';
const PARTS = ['(mamba_d_ssm)', '(mamba_d_ssm)', STATE, STATE, '(-1)']
  .map((rows, i) => `${rows}, ssm_multipliers[${i}]`)
  .join(', ');

/** Attention and Mamba 2 side by side in each block. The multipliers of the configuration go into the weights. */
export const falconH1 = family`falcon-h1: FalconH1ForCausalLM (tiiuae/Falcon-H1-0.5B-Base) like ${mamba2}
  keys: + vocab_size; context_length = max_position_embeddings?0
    feed_forward_length = intermediate_size; attention.head_count = num_attention_heads
    attention.head_count_kv = num_key_value_heads; attention.key_length = head_dim; attention.value_length = head_dim
    rope.freq_base = rope_root/rope_theta
  # llama.cpp's name of the norm of feed-forward parts has no .weight.
  tensors: $ATTENTION ffn_gate ffn_up ffn_down ${SSM2}; ${SSM2_SHAPES}; token_embd: mul((embedding_multiplier))
    output: mul((lm_head_multiplier)); attn_q attn_v: mul((attention_in_multiplier))
    attn_k: mul((key_multiplier)), mul((attention_in_multiplier)); attn_output: mul((attention_out_multiplier))
    ffn_gate: mul(mlp_multipliers[0]); ffn_down: mul(mlp_multipliers[1])
    ssm_in: mul((ssm_in_multiplier)), mulRows(${PARTS}); ssm_out: mul((ssm_out_multiplier))
    .ffn_norm = .pre_ff_layernorm.weight
  rename: .dt_bias = .dt_proj.bias; tokenizer: bpe`;

const HIDDEN = 'hidden_size|mamba_d_model?';
const EXPERT_LAYERS = 'every expert_layer_period after 0 - expert_layer_offset';
/** Mamba, with attention in some layers and experts in others. */
export const jamba = family`jamba: JambaForCausalLM (ai21labs/Jamba-v0.1)
  keys: block_count = @block_count; context_length = max_position_embeddings|n_ctx; embedding_length = ${HIDDEN}
    feed_forward_length = intermediate_size; attention.head_count = num_attention_heads
    attention.head_count_kv:i32[] = layers(every attn_layer_period after 0 - attn_layer_offset, num_key_value_heads, 0)
    ssm.conv_kernel = mamba_d_conv?4; ssm.inner_size = mamba_expand * ${HIDDEN}; ssm.state_size = mamba_d_state?16
    ssm.time_step_rank = mamba_dt_rank? else (${HIDDEN} + 15) // 16
    attention.layer_norm_rms_epsilon = layer_norm_epsilon|rms_norm_eps?1e-6
    expert_count = num_local_experts|num_experts; expert_used_count = num_experts_per_tok|num_experts_per_token
    general.file_type = @file_type
  # Some checkpoints call the only feed-forward part of a layer without experts its first expert.
  tensors: $ATTENTION ffn_norm ffn_gate_inp
    ffn_gate ffn_up ffn_down; .ffn_down.* = .feed_forward.experts.0.down_proj.* on not ${EXPERT_LAYERS}
    .ffn_gate.* = .feed_forward.experts.0.gate_proj.* on not ${EXPERT_LAYERS}
    .ffn_up.* = .feed_forward.experts.0.up_proj.* on not ${EXPERT_LAYERS}
    experts .feed_forward.experts.{x}: down_proj gate_proj up_proj on ${EXPERT_LAYERS}
    ssm_in ssm_conv1d ssm_x ssm_dt ssm_dt_norm ssm_a ssm_b_norm ssm_c_norm ssm_d ssm_out; ssm_conv1d.weight: squeeze(1)
    ssm_a: exp, neg
  rename: .moe. = .feed_forward.; tokenizer: sentencepiece llama-hf, after no-space-prefix-without-model`;
