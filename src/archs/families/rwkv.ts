import { family } from '../family.js';

/** The keys of all RWKVs begin like this. Their context has no end. */
const BEGIN = `context_length = 1_048_576; embedding_length = hidden_size; block_count = @block_count`;
const LAYER_NORM = 'attention.layer_norm_epsilon = layer_norm_epsilon|norm_eps?';
const RMS_NORM = 'attention.layer_norm_rms_epsilon = rms_norm_eps?';
/** What llama.cpp wants, but does not use. */
const NO_HEADS = 'attention.head_count = 0';
/** A size that is larger in models with a hidden size of 4096. */
const sized = (key: string, fields: string, small: number, isLarge: string) => `
  ${key} = first(${fields}${2 * small}) when ${isLarge}; ${key} = first(${fields}${small}) when not ${isLarge}`;
/** RWKV-6 halves its activations every few blocks; the outputs of the blocks are divided beforehand. */
const rescaled = (name: string) => `
  ${name}: div(2 ** ({b} // rescale_every?)) when rescale_every > 0; ${name} when not rescale_every > 0`;
/** The five interpolations of a block, as one tensor. */
const lerpFused = (part: string) => {
  const all = [...'wkvrg'].map((name) => `.${part}.time_maa_${name}`);
  return `.time_mix_lerp_fused.weight = ${all.join(' + ')}: stack, reshape(5, 1, 1, -1)`;
};
const MIX6 = `
  weights time_mix_decay_w1 time_mix_decay_w2: transpose(0, 1); weights time_mix_lerp_x time_mix_decay: reshape(-1)
  weights time_mix_first`;
export const rwkv6 = family`rwkv6: Rwkv6ForCausalLM (RWKV/v6-Finch-1B6-HF)
  keys: ${BEGIN}; ${LAYER_NORM}; rescale_every_n_layers = rescale_every; wkv.head_size = head_size
    ${sized('time_mix_extra_dim', '', 32, 'hidden_size == 4096')}
    ${sized('time_decay_extra_dim', '', 64, 'hidden_size == 4096')}
    feed_forward_length = intermediate_size? else hidden_size? * 3.5 // 32 * 32; general.file_type = @file_type
    ${NO_HEADS}
  tensors: token_embd token_embd_norm output_norm output attn_norm attn_norm_2 time_mix_receptance time_mix_key
    time_mix_value time_mix_gate time_mix_ln channel_mix_key channel_mix_receptance; ${rescaled('time_mix_output')}
    ${rescaled('channel_mix_value')}; ${MIX6} time_mix_w1 time_mix_w2 channel_mix_lerp_k channel_mix_lerp_r
    weights time_mix_w1: transpose(0, 1); weights time_mix_w2: permute(0, 2, 1)
    weights channel_mix_lerp_k channel_mix_lerp_r: reshape(-1); ${lerpFused('attention')}
  tokenizer: rwkv`;

const PICKED = 'pick(3, 1, 2, 0, 4)';
export const rwkv6qwen2 = family`rwkv6qwen2: RWKV6Qwen2ForCausalLM (recursal/QRWKV6-32B-Instruct-Preview-v0.1)
  keys: ${BEGIN}; wkv.head_size = $EQUAL_SHARE
    ${sized('time_mix_extra_dim', 'lora_rank_tokenshift?, ', 32, 'hidden_size > 4095')}
    ${sized('time_decay_extra_dim', 'lora_rank_decay?, ', 64, 'hidden_size > 4095')}
    feed_forward_length = intermediate_size; general.file_type = @file_type; ${RMS_NORM}; token_shift_count = 1
    attention.head_count_kv = num_key_value_heads; ${NO_HEADS}
  tensors: token_embd output_norm output attn_norm ffn_norm ffn_gate ffn_up ffn_down time_mix_receptance time_mix_key
    time_mix_value time_mix_gate time_mix_ln time_mix_output; ${MIX6} time_mix_w1 time_mix_w2
    weights time_mix_w1: transpose(0, 1), reshape(5, -1, hidden_size?), ${PICKED}, reshape(-1, hidden_size?)
    weights time_mix_w2: permute(0, 2, 1), ${PICKED}; ${lerpFused('self_attn')}
  tokenizer: sentencepiece bpe`;

/** Ranks that follow from the hidden size where config.json has none. */
const rank = (key: string, fields: string, exponent: number, factor: number) =>
  `attention.${key} = ${fields}? else max(floor(hidden_size? ** ${exponent} * ${factor / 32} + 0.5), 1) * 32`;
/** A low-rank part: `x1`, `x2` and `x0` of RWKV's own checkpoints, or the layers of a module in those of FLA. */
const LOW_RANK = [
  ...['1', '1.weight'].map((from) => [from, '1', ': transpose(0, 1)'] as const),
  ...['2', '2.weight'].map((from) => [from, '2', ': transpose(0, 1)'] as const),
  ...['0', '0.weight', '_lora.lora.2.bias'].map((from) => [from, '0', ': reshape(-1)'] as const),
  ...(['0', '2'] as const).map((n) => [`_lora.lora.${n}.weight`, n === '0' ? '1' : '2', ''] as const),
];
const lowRank = (part: string, on = '', to = part) =>
  LOW_RANK.map(([from, end, via]) => `.time_mix_${to}${end}.weight = .attention.${part}${from}${via} ${on}`).join('\n');
const lerp7 = (names: string, when: string) => `
  .time_mix_lerp_fused.weight = ${[...names].map((name) => `.attention.x_${name}`).join(' + ')}: stack when ${when}
  .time_mix_lerp_fused.weight = .attention.x_x: reshape(${names.length}, 1, 1, -1) when ${when}`;
const NO_GATE = 'wkv_has_gate == false';
const FIRST_BLOCK = 'on every @block_count';
// The first block has no values of an earlier block to mix in: what stands there instead is never used.
const RWKV7_TENSORS = `
  token_embd token_embd_norm output_norm output attn_norm time_mix_receptance time_mix_key time_mix_value
  time_mix_ln time_mix_output channel_mix_key channel_mix_value
  weights time_mix_k_k time_mix_k_a time_mix_r_k channel_mix_lerp_k: reshape(-1); ${lowRank('a', FIRST_BLOCK, 'v')}
  ${LOW_RANK.map(([from]) => `none = .attention.v${from} ${FIRST_BLOCK}`).join('\n')}; ${lowRank('v', 'on from 1')}
  ${lowRank('w')}; ${lowRank('a')}; ${lowRank('g')}; ${lerp7('rwkvag', `not ${NO_GATE}`)}; ${lerp7('rwkva', NO_GATE)}`;
export const rwkv7 = family`rwkv7: Rwkv7ForCausalLM RWKV7ForCausalLM (fla-hub/rwkv7-1.5B-world)
  keys: ${BEGIN}; ${LAYER_NORM}; wkv.head_size = head_size|head_dim?
    ${rank('decay_lora_rank', 'lora_rank_decay|decay_low_rank_dim', 0.5, 1.8)}
    ${rank('iclr_lora_rank', 'lora_rank_iclr|a_low_rank_dim', 0.5, 1.8)}
    ${rank('value_residual_mix_lora_rank', 'lora_rank_value_residual_mix|v_low_rank_dim', 0.5, 1.3)}
    ${rank('gate_lora_rank', 'lora_rank_gate|gate_low_rank_dim', 0.8, 0.6)}
    feed_forward_length = intermediate_size? else hidden_size? * 4; general.file_type = @file_type; ${NO_HEADS}
  tensors: ${RWKV7_TENSORS}; attn_norm_2
  rename: blocks = layers, ffn = feed_forward, self_attn = attention, attn = attention, time_mixer. =,
    feed_forward_norm = ln2, g_norm = ln_x; tokenizer: rwkv`;

export const arwkv7 = family`arwkv7: RwkvHybridForCausalLM (RWKV-Red-Team/ARWKV-7B-Preview-0.1) like ${rwkv7}
  keys: ${BEGIN}; ${RMS_NORM}; wkv.head_size = head_size; attention.decay_lora_rank = 64; attention.iclr_lora_rank = 64
    attention.value_residual_mix_lora_rank = 32; attention.gate_lora_rank = 128 when not ${NO_GATE}
    attention.gate_lora_rank = 0 when ${NO_GATE}; feed_forward_length = intermediate_size
    general.file_type = @file_type; token_shift_count = 1; ${NO_HEADS}
  tensors: ${RWKV7_TENSORS}; ffn_norm ffn_gate ffn_up ffn_down; tokenizer: sentencepiece bpe`;
