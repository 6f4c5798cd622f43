import { common, family } from '../family.js';
import { GATED_SHARED_EXPERT, QWEN_EXPERTS, QWEN_MOE_KEYS } from './qwen.js';

const KEY_HEADS = 'linear_num_key_heads';
const KEY_DIM = 'linear_key_head_dim';
/** The heads of values that share one of keys. */
const SHARE = 'linear_num_value_heads // linear_num_key_heads';
/** Layers with linear attention, a few with full attention between them, and a head for multi-token prediction. */
const QWEN_NEXT_KEYS = `${QWEN_MOE_KEYS}; $MTP_BLOCKS_KEY; ssm.conv_kernel = linear_conv_kernel_dim
  ssm.state_size = ${KEY_DIM}; ssm.group_count = ${KEY_HEADS}; ssm.time_step_rank = linear_num_value_heads
  ssm.inner_size = linear_value_head_dim * linear_num_value_heads
  attention.recurrent_layers = layers(from @main_block_count, 0, layers(layer_types? is "linear_attention"))
  full_attention_interval = full_attention_interval?4; $ROTARY_DIMENSIONS(@head_dim, ?0.25)`;
const QWEN_NEXT = common`
  keys: ${QWEN_NEXT_KEYS}; blocks: + mtp.layers.{b}+main_block_count
  rename: + model.mtp. = mtp., mtp.fc. = mtp.layers.0.eh_proj., mtp.pre_fc_norm_embedding. =
    mtp.layers.0.enorm., mtp.pre_fc_norm_hidden. = mtp.layers.0.hnorm., mtp.norm. = mtp.layers.0.shared_head.norm.,
    .dt_bias = .dt_proj.bias
  mtp: blocks mtp_num_hidden_layers?, counted mtp.layers.{b}, names mtp.*, keep model.embed_tokens.weight
    model.norm.weight lm_head.weight embed_tokens.weight norm.weight`;

/** Norms whose weights are kept as what they differ from 1 by: all but those of the linear attention. */
const PLUS_ONE =
  'plus-one attn_norm post_attention_norm $QK_NORMS output_norm nextn.enorm nextn.hnorm nextn.shared_head_norm';
const OWN = `attn_q_norm attn_k_norm ssm_conv1d ssm_dt ssm_a ssm_norm $NEXTN_TENSORS`;
const AFTER = 'post_attention_norm ssm_out attn_output';
/** Queries, keys, values and gates, head by head of the keys, become those of all heads. */
const VALUES = `${SHARE} * linear_value_head_dim`;
const PER_HEAD = `reshape((${KEY_HEADS}), -1, hidden_size), split(1, (${KEY_DIM}), (${KEY_DIM}), ${VALUES}, ${VALUES}),
  reshape(-1, hidden_size)`;
export const qwen3next = family`qwen3next: Qwen3NextForCausalLM (Qwen/Qwen3-Next-80B-A3B-Instruct) like ${QWEN_NEXT}
  tensors: .attn_qkv.weight = .linear_attn.in_proj_qkvz.weight: ${PER_HEAD}, take(0, 1, 2), concat(0)
    .attn_gate.weight = .linear_attn.in_proj_qkvz.weight: ${PER_HEAD}, take(3)
    $DENSE ${OWN} ssm_ba ${GATED_SHARED_EXPERT} ${AFTER}; ${PLUS_ONE}; ssm_a: exp, neg; ssm_conv1d: squeeze(1)
    ${QWEN_EXPERTS}`;

/**
 * The heads of values stand by the key head that they share, and llama.cpp repeats key heads over them in turn: of the
 * elements from the first on, all first value heads come first.
 */
const inTurn = (dimension: number, first = '0') => `turn(${dimension}, ${first}, (${KEY_HEADS}), ${SHARE})`;
const AFTER_KEYS = `2 * ${KEY_HEADS} * ${KEY_DIM}`;
const LINEAR = `
  attn_gate ssm_alpha ssm_beta ssm_dt: ${inTurn(0)}; attn_qkv: ${inTurn(0, AFTER_KEYS)}; ssm_a: ${inTurn(0)}, exp, neg
  ssm_conv1d: squeeze(1), ${inTurn(0, AFTER_KEYS)}; ssm_out: ${inTurn(1)}`;
const QWEN35_KEYS = `${QWEN_NEXT_KEYS}; rope.dimension_sections = [11, 11, 10, 0] when not set rope_root/mrope_section`;
/** The tensors of Qwen 3.5, whose feed-forward part is dense, or else has experts. */
const QWEN35_TENSORS = `$DENSE ${OWN} attn_qkv attn_gate ssm_alpha ssm_beta ${AFTER}; ${PLUS_ONE}; ${LINEAR}`;
export const qwen35 = family`qwen35: Qwen3_5ForConditionalGeneration Qwen3_5ForCausalLM (Qwen/Qwen3.5-9B)
    like ${QWEN_NEXT}
  keys: ${QWEN35_KEYS}; tensors: ${QWEN35_TENSORS}`;

export const qwen35moe = family`qwen35moe: Qwen3_5MoeForConditionalGeneration Qwen3_5MoeForCausalLM
    (Qwen/Qwen3.5-35B-A3B) like ${qwen35}
  tensors: ${QWEN35_TENSORS}; ---; ${GATED_SHARED_EXPERT}; ${QWEN_EXPERTS}`;

/**
 * The language model of MiniCPM-V 4.6. Its blocks for multi-token prediction are counted, as config.json has them, and
 * not written.
 */
export const minicpmv = family`qwen35: MiniCPMV4_6ForConditionalGeneration (openbmb/MiniCPM-V-4_6)
    like ${qwen35} unproven
  ignore: + model.merger.* mtp*`;

/** The numbers that n-grams are hashed with, of 64 bits: tensors of the checkpoint that become keys. */
const HASHES =
  '*ple_embedding.layer_multipliers *ple_embedding.ngram_heads_offsets *ple_embedding.ngram_heads_vocab_sizes';
/** Dimensions of an n-gram's embedding. */
const WIDTH = 'probe(ple_shape)?[1]';
const QUERIES = 'indexer_n_heads * indexer_head_dim';
const QWEN4_NORMS = 'indexer.k_norm indexer.q_norm output_hc_norm hc_attn_norm hc_ffn_norm';
/** Qwen 3.8: Qwen 3.5 with hyper-connections for norms, sparse attention, and embeddings of n-grams (PLE). */
export const qwen4exp = family`qwen4exp: Qwen4ExpForConditionalGeneration Qwen4ExpForCausalLM (Qwen/Qwen3.8-Flash-Next)
  keys: ${QWEN35_KEYS}; hyper_connection.count = hc_count; hyper_connection.low_rank = hc_lowrank
    attention.indexer.head_count = indexer_n_heads; attention.indexer.key_length = indexer_head_dim
    attention.indexer.top_k = indexer_budget
    attention.compress_ratios = layers(layer_types is "full_attention", indexer_compress_ratio, 0)
    if set ple_layer_ids {
      ple.layers = @ple_layers; ple.ngram_size = ngram_size; ple.heads_per_ngram = heads_per_ngram
      ple.conv_kernel = ple_conv_kernel_size; ple.eos_token_id = @ple_eos; ple.image_token_id = image_token_id?
      embedding_length_per_layer_input = ${WIDTH}; ple.layer_multipliers = probe(layer_multipliers)
      ple.head_offsets = probe(head_offsets); ple.head_vocab_sizes = probe(head_vocab_sizes)
    }
  tensors: token_embd output output_hc_norm output_hc_down output_hc_up attn_qkv attn_q attn_k attn_v attn_gate
    ${GATED_SHARED_EXPERT} $QK_NORMS ssm_conv1d ssm_dt ssm_a ssm_norm ssm_out ssm_alpha ssm_beta; indexer.k_norm
    indexer.q_norm hc_attn_norm hc_attn_down hc_attn_up hc_attn_inject hc_ffn_norm hc_ffn_down hc_ffn_up hc_ffn_inject
    ple_key ple_value ple_norm_key ple_norm_query ple_norm_conv ple_conv1d attn_output; ${LINEAR}
    plus-one $QK_NORMS ${QWEN4_NORMS} ple_norm_key ple_norm_query ple_norm_conv; ple_conv1d.weight: squeeze(1)
    .indexer.q_proj.weight = .self_attn.indexer.index_qk_proj.weight: slice(0, 0, ${QUERIES})
    .indexer.k_proj.weight = .self_attn.indexer.index_qk_proj.weight: slice(0, ${QUERIES})
    per_layer_token_embd.weight = .ple.ple_embedding.ngram_embedding.shard.{x}.weight: reshape(-1,
    ${WIDTH}) each ple_parts; ${QWEN_EXPERTS}
  probes: layer_multipliers: integers *ple_embedding.layer_multipliers when set ple_layer_ids
    head_offsets: integers *ple_embedding.ngram_heads_offsets when set ple_layer_ids
    head_vocab_sizes: integers *ple_embedding.ngram_heads_vocab_sizes when set ple_layer_ids
    ple_shape: shape *.ngram_embedding.shard_0.weight
  rename: + .dt_bias = .dt_proj.bias, .shard_ = .shard.; ignore: + mtp.* model.mtp.*
  drop: + ${HASHES}`;
