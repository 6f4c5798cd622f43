import type { TensorRule } from '../architecture.js';
import { family } from '../family.js';
import { tensorRules } from '../tensor-rules.js';

export const exaone = family`exaone: ExaoneForCausalLM (LGAI-EXAONE/EXAONE-3.5-2.4B-Instruct)
  keys: + $ROTARY_DIMENSIONS($EQUAL_SHARE, ?1); tensors: $DENSE; extra: rope_freqs`;

const EXAONE4_KEYS = `$TEXT_KEYS; vocab_size; attention.sliding_window = sliding_window?
  $LAYER_WINDOWS else @repeated_windows when sliding_window > -1`;
const NORMED = `
  token_embd output_norm output attn_q attn_k attn_v attn_output post_attention_norm post_ffw_norm ffn_gate ffn_up
  ffn_down attn_q_norm attn_k_norm`;
/** Norms stand behind attention and feed-forward; some layers attend within a window. */
export const exaone4 = family`exaone4: Exaone4ForCausalLM (LGAI-EXAONE/EXAONE-4.0-32B) like ${exaone}
  keys: ${EXAONE4_KEYS}; tensors: ${NORMED}`;

/** What all blocks for multi-token prediction share. */
const MTP_SHARED = `blk.{mtp}.nextn.eh_proj.* = mtp.fc.*; blk.{mtp}.nextn.enorm.* = mtp.pre_fc_norm_embedding.*
  blk.{mtp}.nextn.hnorm.* = mtp.pre_fc_norm_hidden.*; blk.{mtp}.nextn.shared_head_norm.* = mtp.norm.*`;
const EXAONE45 = 'Exaone4_5_ForConditionalGeneration';
const MTP_LAYERS = `$BLOCKS mtp.layers.{b}+main_block_count`;
/** EXAONE 4.5's text model, with blocks for multi-token prediction. */
export const exaone45 = family`exaone4: ${EXAONE45} (LGAI-EXAONE/EXAONE-4.5-33B) like ${exaone4}
  when: set num_nextn_predict_layers and not set mtp_share_layers
  keys: + nextn_predict_layers = num_nextn_predict_layers?
  tensors: ${NORMED}; ${MTP_SHARED}; blocks: ${MTP_LAYERS}; mtp: blocks num_nextn_predict_layers?`;

/** Rules for the same tensors of the one block that is all of those for multi-token prediction. */
const forAllOfMtp = ({ from = [], to = '' }: TensorRule): TensorRule => ({
  from: from.map((name) => name.replace('{L}', 'mtp.layers.{x}')),
  to: to.replace('{b}', '{mtp}'),
});
/** These blocks are one and the same. */
export const exaone45Shared = family`exaone4: ${EXAONE45} (LGAI-EXAONE/EXAONE-4.5-33B) like ${exaone45} unproven
  when: set num_nextn_predict_layers and set mtp_share_layers; blocks: $BLOCKS
  tensors: ${() => {
    const own = tensorRules(NORMED);
    const shared = own.filter(({ to }) => to?.startsWith('blk.')).map(forAllOfMtp);
    return [...own, ...shared, ...tensorRules(MTP_SHARED)];
  }}`;

export const exaone45Alone = family`exaone4: ${EXAONE45} (LGAI-EXAONE/EXAONE-4.5-33B) like ${exaone4} unproven
  when: not set num_nextn_predict_layers; drop: + mtp.*`;

export const exaoneMoe = family`exaone-moe: ExaoneMoEForCausalLM ExaoneMoeForCausalLM (LGAI-EXAONE/K-EXAONE-236B-A23B)
    like ${exaone}
  keys: ${EXAONE4_KEYS}; expert_feed_forward_length = moe_intermediate_size; expert_shared_count = num_shared_experts
    expert_shared_feed_forward_length = moe_intermediate_size * num_shared_experts
    expert_weights_scale = routed_scaling_factor; expert_weights_norm = norm_topk_prob
    leading_dense_block_count = first_k_dense_replace|first_last_k_dense_replace?0
    nextn_predict_layers = num_nextn_predict_layers?0; rope.scaling.type = "none"
  tensors: $DENSE ffn_gate_inp exp_probs_b $SHARED $QK_NORMS $NEXTN_TENSORS; $EXPERTS; ${MTP_SHARED}
  blocks: ${MTP_LAYERS}; mtp: blocks num_nextn_predict_layers?`;
