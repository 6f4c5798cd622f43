import { family } from '../family.js';
import { INDEXER_KEYS } from './deepseek.js';

const HC_PARTS = ['attn_fn', 'attn_base', 'attn_scale', 'ffn_fn', 'ffn_base', 'ffn_scale'];
const hcHead = (at: string) =>
  ['fn', 'base', 'scale'].map((part) => `output_hc_${part}.weight = ${at}hc_head_${part}`).join('\n');
const compressor = (to: string, from: string) => `
  .${to}_compressor_ape.weight = .${from}.compressor.ape; .${to}_compressor_kv.weight = .${from}.compressor.wkv.weight
  .${to}_compressor_gate.weight = .${from}.compressor.wgate.weight
  .${to}_compressor_norm.weight = .${from}.compressor.norm.weight`;
const DEEPSEEK_4_KEYS = `$TEXT_KEYS; rope.dimension_count = qk_rope_head_dim; attention.q_lora_rank = q_lora_rank
  attention.sliding_window = sliding_window; expert_feed_forward_length = moe_intermediate_size
  expert_shared_count = n_shared_experts; expert_weights_scale = routed_scaling_factor
  expert_weights_norm = norm_topk_prob; swiglu_clamp_exp = layers(from 0, swiglu_limit)
  swiglu_clamp_shexp = layers(from 0, swiglu_limit); ${INDEXER_KEYS}; attention.output_group_count = o_groups
  attention.output_lora_rank = o_lora_rank; attention.compress_ratios = compress_ratios
  attention.compress_rope_freq_base = compress_rope_theta; hyper_connection.count = hc_mult
  hyper_connection.sinkhorn_iterations = hc_sinkhorn_iters; hyper_connection.epsilon = hc_eps
  hash_layer_count = num_hash_layers`;

/** What blocks have, those of DSpark included. */
const BLOCK_TENSORS = `
  ${HC_PARTS.map((part) => `.hc_${part}.weight = .hc_${part}`).join('\n')}; .attn_sinks.weight = .attn.attn_sink
  .attn_q_a.weight = .attn.wq_a.weight; .attn_q_b.weight = .attn.wq_b.weight
  .attn_q_a_norm.weight = .attn.q_norm.weight; .attn_kv.weight = .attn.wkv.weight
  .attn_kv_a_norm.weight = .attn.kv_norm.weight; .attn_output_a.weight = .attn.wo_a.weight
  .attn_output_b.weight = .attn.wo_b.weight; .indexer.attn_q_b.weight = .attn.indexer.wq_b.weight
  .indexer.proj.weight = .attn.indexer.weights_proj.weight; .attn_norm.weight = .attn_norm.weight
  .ffn_norm.weight = .ffn_norm.weight; .ffn_gate_inp.weight = .ffn.gate.weight
  .ffn_gate_shexp.weight = .ffn.shared_experts.w1.weight; .ffn_down_shexp.weight = .ffn.shared_experts.w2.weight
  .ffn_up_shexp.weight = .ffn.shared_experts.w3.weight; ${compressor('attn', 'attn')}
  ${compressor('indexer', 'attn.indexer')}`;

/** DeepSeek V4. Its blocks for multi-token prediction are for a file of their own. */
export const deepseek4 = family`deepseek4: DeepseekV4ForCausalLM (deepseek-ai/DeepSeek-V4-Flash-Base) unproven
  # ref-quirk: prepare_tensors in conversion/deepseek.py sets a template, whose place the repository's takes.
  firstKeys: tokenizer.chat_template = @own_chat_template
  keys: ${DEEPSEEK_4_KEYS}; embedding_length_out = hidden_size * hc_mult
    nextn_predict_layers = num_nextn_predict_layers? when @mtp == "only" and set num_nextn_predict_layers
  # The first blocks choose experts by a token's id. The bias of their gates is of no use.
  tensors: token_embd.weight = embed.weight; output_norm.weight = norm.weight; output.weight = head.weight
    ${hcHead('')}; ${hcHead('.')}
    ${BLOCK_TENSORS}; .nextn.enorm.weight = .enorm.weight; .nextn.hnorm.weight = .hnorm.weight
    .nextn.shared_head_norm.weight = .norm.weight; .exp_probs_b.bias = .ffn.gate.bias on from num_hash_layers
    none = .ffn.gate.bias on not from num_hash_layers; .exp_probs_b_vl.bias = .ffn.gate.bias_vl
    .ffn_gate_tid2eid.weight = .ffn.gate.tid2eid; .nextn.eh_proj.weight = .e_proj.weight + .h_proj.weight: concat(1)
    experts .ffn.experts.{x}: w1 w2 w3
  files: tokenizer_config.json chat_template.json; blocks: + mtp.{b}+main_block_count
  ignore: aligner.* image_* $IGNORE
  ahead: blk.*.ffn_gate_tid2eid.weight blk.*.ffn_*_exps.weight blk.*.nextn.eh_proj.weight
  types: blk.*.nextn.eh_proj.weight Q8_0
  mtp: blocks num_nextn_predict_layers?, names mtp.*, convert alone, keep embed.weight norm.weight head.weight
    head.scale`;

/** One tensor for each piece of the draft, whichever of its blocks the checkpoint has it in. */
const DRAFT_TENSORS = `
  fc.weight = .main_proj.weight; enc.output_norm.weight = .main_norm.weight; output_norm.weight = .norm.weight
  markov_w1.weight = .markov_head.markov_w1.weight; markov_w2.weight = .markov_head.markov_w2.weight
  conf_proj.weight = .confidence_head.proj.weight
  ${hcHead('.')}`;
/** The blocks of DSpark, which draft for the model that they are kept with: `--arch DeepseekV4DSparkModel`. */
export const deepseek4Dspark = family`dflash: DeepseekV4DSparkModel (deepseek-ai/DeepSeek-V4-Flash-DSpark) like
    ${deepseek4}
  keys: ${DEEPSEEK_4_KEYS}; !attention.compress_ratios = layers(from 0, 0); !hash_layer_count = 0
    block_size = dspark_block_size; target_layers = @dspark_target_layers
  tensors: ${DRAFT_TENSORS}; ${BLOCK_TENSORS}; .exp_probs_b.bias = .ffn.gate.bias; none = .ffn.gate.bias_vl
    none = .ffn.gate.tid2eid; experts .ffn.experts.{x}: w1 w2 w3
  blocks: mtp.{b}; ignore: layers.* embed.* head.* norm.* hc_head_* vision.* aligner.* image_*
  mtp: blocks 0, counted mtp.{b}, instead; tokenizer: bpe, after dspark-noise-token; target: files`;
