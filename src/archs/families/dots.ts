import { family } from '../family.js';
import * as deepseek from './deepseek.js';
import { QWEN_EXPERTS, QWEN_MOE_KEYS } from './qwen.js';

export const dots1 = family`dots1: Dots1ForCausalLM (rednote-hilab/dots.llm1.inst)
  keys: ${QWEN_MOE_KEYS}; leading_dense_block_count = first_k_dense_replace; expert_shared_count = n_shared_experts
    expert_weights_scale = routed_scaling_factor; expert_weights_norm = norm_topk_prob
  tensors: $DENSE ffn_gate_inp exp_probs_b $SHARED $QK_NORMS; ${QWEN_EXPERTS}`;

const SLIDING = 'layer_types is "sliding_attention"';
/** A value for each block: those with a sliding window have attention of their own sizes, as has the block of MTP. */
const windowed = (yes: string, no: string) =>
  `layers(from @main_block_count, ${yes}, layers(${SLIDING}, ${yes}, ${no}))`;
const own = (name: string) => windowed(`swa_${name}`, name);
const SIZES = `${own('qk_nope_head_dim')}, ${own('v_head_dim')}`;
const SUM = windowed('swa_qk_nope_head_dim + swa_v_head_dim', 'qk_nope_head_dim + v_head_dim');
const LATENT = `reshape(${own('num_attention_heads')}, ${SUM}, -1), split(1, ${SIZES})`;
/** Attention multiplies what comes from a latent with the root of how much narrower than the model it is. */
const root = (rank: string) => `(hidden_size / ${rank}) ** 0.5`;
const ATTENTION = 'attn_gate attn_k_norm attn_q_a attn_q_b attn_kv_a_mqa attn_output';
const RESCALED = 'set apply_mla_qkv_lora_rescale';
/** `head_dim` of config.json is of no use: the heads of a latent have sizes of their own. */
export const dots3note = family`dots3note: Dots3NoteForCausalLM Dots3NoteForConditionalGeneration
    Dots3NoteTextForCausalLM (rednote-hilab/dots3-note) like ${deepseek.DEEPSEEK2} unproven
  keys: ${deepseek.DEEPSEEK_TEXT_KEYS}; -attention.key_length; -attention.value_length
    !attention.head_count:i32[] = ${own('num_attention_heads')}; !attention.head_count_kv[] = 1
    ${deepseek.deepseekKeys(deepseek.MLA_KEYS)}; ${deepseek.YARN_MULTIPLIER}
    attention.sliding_window = 0 + sliding_window_size; attention.sliding_window_pattern = layers(${SLIDING}, 1, 0)
    attention.kv_lora_rank_swa = 0 + swa_kv_lora_rank
    attention.key_length_swa = 0 + swa_kv_lora_rank + swa_qk_rope_head_dim
    attention.value_length_swa = 0 + swa_kv_lora_rank
    attention.key_length_mla_swa = 0 + swa_qk_nope_head_dim + swa_qk_rope_head_dim
    attention.value_length_mla_swa = 0 + swa_v_head_dim; $MTP_BLOCKS_KEY; ${deepseek.INDEXER_KEYS}
    attention.indexer.types = layers(${SLIDING}, 0, 1)
  tensors: ${deepseek.deepseek2Tensors(`${ATTENTION} ${deepseek.INDEXER} $NEXTN_TENSORS`)}
    attn_q_a_norm.weight: mul(${root('q_lora_rank')}) when ${RESCALED}
    attn_kv_a_norm.weight: mul(${windowed(root('swa_kv_lora_rank'), root('kv_lora_rank'))}) when ${RESCALED}
    attn_q_a_norm attn_kv_a_norm when not ${RESCALED}
    .attn_k_b.* = .self_attn.kv_b_proj.*: ${LATENT}, take(0), transpose(1, 2)
    .attn_v_b.* = .self_attn.kv_b_proj.*: ${LATENT}, take(1)
  blocks: + mtp.{b}+main_block_count; rename: + model.mtp.embed_tokens. = mtp.0.embed_tokens.
  mtp: $NEXTN, blocks 0, counted mtp.{b}, names mtp.* model.mtp.*; tokenizer: bpe, roles eot <|endofassistant|>`;
