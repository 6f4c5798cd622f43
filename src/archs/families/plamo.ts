import { family } from '../family.js';

const ATTENTION = 'attn_norm attn_qkv attn_q_norm attn_k_norm attn_output post_attention_norm';
const TENSORS = `token_embd output_norm output ${ATTENTION} ffn_norm ffn_up ffn_down post_ffw_norm`;
/** The checkpoints' norms are differences from what llama.cpp multiplies with. */
const SHIFTED = `
  attn_norm ffn_norm output_norm: add(1); post_attention_norm: add(${1 / 5}); post_ffw_norm: add(${1 / 5 ** 1.5})`;
/** PLaMo 13B, the only model of its kind: its sizes are not all in config.json. */
export const plamo = family`plamo: PlamoForCausalLM (pfnet/plamo-13b) unproven
  keys: context_length = 4096; embedding_length = hidden_size?; feed_forward_length = intermediate_size?
    block_count = @block_count; attention.head_count = num_attention_heads?; attention.head_count_kv = 5
    attention.layer_norm_rms_epsilon = rms_norm_eps; general.file_type = @file_type
  # Queries are stored by the key-value head that they belong to, and llama.cpp repeats those one after the other.
  tensors: $DENSE; attn_q: reshape(8, 5, 128, 5120), permute(1, 0, 2, 3), reshape(5120, 5120)
    attn_output: reshape(5120, 8, 5, 128), permute(0, 2, 1, 3), reshape(5120, 5120)
  tokenizer: sentencepiece`;

/** Heads of the layers with attention: those in the middle of each step, or the last one of a model of few layers. */
const heads = (key: string, field: string) => {
  const isLong = '@block_count - mamba_step?2 // 2 > 0';
  const isMixed = 'mamba_enabled?true == true';
  return `
    ${key} = layers(every mamba_step?2 after 0 - mamba_step?2 // 2, ${field}, 0) when ${isMixed} and ${isLong}
    ${key} = layers(every @block_count after 1, ${field}, 0) when ${isMixed} and not ${isLong}`;
};
/** Attention and Mamba in turn. */
export const plamo2 = family`plamo2: Plamo2ForCausalLM PLaMo2ForCausalLM (pfnet/plamo-2-1b)
  keys: vocab_size; ${heads('attention.head_count_kv:i32[]', 'num_key_value_heads?4')}
    ${heads('attention.head_count:i32[]', 'num_attention_heads?32')}
    context_length = max_position_embeddings?2048; embedding_length = hidden_size?4096
    attention.key_length = hidden_size_per_head?128; attention.value_length = hidden_size_per_head?128
    block_count = @block_count; attention.layer_norm_rms_epsilon = rms_norm_eps?1e-6
    rope.freq_base = rope_root/rope_theta?10_000; ssm.state_size = mamba_d_state?64; ssm.conv_kernel = mamba_d_conv?4
    ssm.time_step_rank = mamba_num_heads?64; ssm.inner_size = mamba_num_heads?64 * hidden_size_per_head?128
    ssm.group_count = 0; feed_forward_length = intermediate_size?13_312; general.file_type = @file_type
  tensors: ${TENSORS} ssm_in ssm_conv1d ssm_x ssm_dt ssm_dt_norm ssm_a ssm_b_norm ssm_c_norm ssm_d ssm_out; ${SHIFTED}
    ssm_conv1d.weight: squeeze(1); ssm_a: exp, neg
  rename: .dt_bias = .dt_proj.bias, .dt_norm_weight = .dt_norm.weight, .B_norm_weight = .B_norm.weight, .C_norm_weight
    = .C_norm.weight, .k_weight = .k.weight, .q_weight = .q.weight; tokenizer: plamo`;

export const plamo3 = family`plamo3: Plamo3ForCausalLM PLaMo3ForCausalLM (midorin-Linux/plamo-3-12b-self-merged-base)
  keys: + vocab_size; attention.sliding_window = window_size|sliding_window?
    attention.sliding_window_pattern[] = sliding_window_pattern when set window_size|sliding_window
  tensors: ${TENSORS}; ${SHIFTED}; attn_q_norm attn_k_norm: add(1); tokenizer: plamo, after chat-template`;
