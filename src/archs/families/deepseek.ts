import { common, family } from '../family.js';

/** DeepSeekMoE, the first of the family. */
export const deepseek = family`deepseek: DeepseekForCausalLM (deepseek-ai/deepseek-moe-16b-chat)
  keys: + rope.dimension_count = @head_dim; $NO_SCALING
    leading_dense_block_count = first_k_dense_replace; vocab_size; expert_feed_forward_length = moe_intermediate_size
    expert_weights_scale = 1; expert_count = n_routed_experts; expert_shared_count = n_shared_experts
  tensors: $DENSE $SHARED_EXPERT; $ROTARY; $EXPERTS; tokenizer: sentencepiece bpe`;

export const MLA_RANK = 'attention.kv_lora_rank = kv_lora_rank?512';
/** Attention with a latent of keys and values, which runs as one key-value head that is as wide as the latent. */
export const MLA_SIZES = `
  attention.key_length = kv_lora_rank?512 + qk_rope_head_dim; attention.value_length = kv_lora_rank?512
  attention.key_length_mla = qk_nope_head_dim + qk_rope_head_dim; attention.value_length_mla = v_head_dim`;
export const MLA_KEYS = `${MLA_RANK}; ${MLA_SIZES}`;
export const MLA = 'attn_q attn_q_a attn_q_a_norm attn_q_b attn_kv_a_mqa attn_kv_a_norm attn_output';

const KV_PARTS = `reshape(num_key_value_heads, qk_nope_head_dim + v_head_dim, kv_lora_rank?512),
  split(1, qk_nope_head_dim, v_head_dim)`;
/** `kv_b_proj` as the two matrices that it is made of: that of the keys is applied to queries, so it is transposed. */
export const KV_B = `.attn_k_b.weight = .self_attn.kv_b_proj.weight: ${KV_PARTS}, take(0), transpose(1, 2)
  .attn_v_b.weight = .self_attn.kv_b_proj.weight: ${KV_PARTS}, take(1)`;

/** What the family has in place of keys of text models, its one key-value head aside. */
export const DEEPSEEK_TEXT_KEYS = '$TEXT_KEYS; !attention.layer_norm_rms_epsilon = rms_norm_eps?1e-6';
export const LEADING_DENSE = `leading_dense_block_count = first_k_dense_replace? else 0 when n_routed_experts > -1
  leading_dense_block_count = first_k_dense_replace? else num_hidden_layers when not n_routed_experts > -1`;

/** The keys of the family behind those of text models; those of its attention stand among them. */
export const deepseekKeys = (attention: string, leading = LEADING_DENSE): string => `${leading}; vocab_size
  attention.q_lora_rank = q_lora_rank?; ${attention}
  expert_feed_forward_length = moe_intermediate_size|intermediate_size; expert_count = n_routed_experts?
  expert_shared_count = n_shared_experts?0; expert_weights_scale = routed_scaling_factor?
  expert_weights_norm = norm_topk_prob? when set norm_topk_prob; rope.dimension_count = qk_rope_head_dim`;

/** ref-quirk: `DeepseekV2Model.set_gguf_parameters` multiplies with 0.1, other families that write the key do not. */
export const YARN_MULTIPLIER = 'rope.scaling.yarn_log_multiplier = 0.1 * rope_root/mscale_all_dim?';
export const DEEPSEEK2_KEYS = `${DEEPSEEK_TEXT_KEYS}; !attention.head_count_kv[] = 1; ${deepseekKeys(MLA_KEYS)}
  ${YARN_MULTIPLIER}`;

/** Tensors beside `output` that all of the family have. */
export const DEEPSEEK2_TENSORS = `token_embd output_norm attn_norm ffn_norm ffn_gate ffn_up ffn_down $SHARED_EXPERT
  exp_probs_b`;

/** A head that is tied to the embedding is not written. */
export const DEEPSEEK2_OUTPUT = '$TIED_OUTPUT([model.])';

/** The rules of the family. */
export const deepseek2Tensors = (names: string): string => `
  ${DEEPSEEK2_TENSORS} ${names}; ${DEEPSEEK2_OUTPUT}; $EXPERTS`;

/** What DeepSeek V2 and those that are made of it have in common. */
export const DEEPSEEK2 = common`
  keys: ${DEEPSEEK2_KEYS}; ignore: + *sam_model* *qwen2_model*; tokenizer: bpe kimi-tiktoken`;

const OCR_CLASSES = 'DeepseekOCRForCausalLM DeepseekOCR2ForCausalLM UnlimitedOCRForCausalLM';
const IS_OCR = `@origin in ["${OCR_CLASSES.replaceAll(' ', '", "')}"]`;
/** DeepSeek V2 and V3, and what is built like them; blocks for multi-token prediction are dropped. */
export const deepseek2 = family`deepseek2: DeepseekV2ForCausalLM DeepseekV3ForCausalLM KimiVLForConditionalGeneration
    KimiK25ForConditionalGeneration YoutuForCausalLM YoutuVLForConditionalGeneration (deepseek-ai/DeepSeek-V3)
    like ${DEEPSEEK2}
  when: not ${IS_OCR}
  tensors: ${deepseek2Tensors(MLA)}; ${KV_B}; mtp: blocks num_nextn_predict_layers?, convert never`;

/** The language models of DeepSeek-OCR, whose attention is that of other decoders. */
export const deepseek2ocr = family`deepseek2-ocr: ${OCR_CLASSES} DeepseekV2ForCausalLM DeepseekV3ForCausalLM
    (deepseek-ai/DeepSeek-OCR) like ${deepseek2} unproven
  when: ${IS_OCR}
  firstKeys: tokenizer.chat_template = "{% for m in messages %}{{m['content']}}{% endfor %}"
  keys: ${DEEPSEEK_TEXT_KEYS}; ${deepseekKeys('')}; attention.sliding_window = sliding_window? when set sliding_window
    attention.sliding_window = sliding_window_size? when set sliding_window_size; ${YARN_MULTIPLIER}
  tensors: ${deepseek2Tensors('attn_q attn_k attn_v attn_output')}`;

/** What chooses the tokens that attention looks at. */
export const INDEXER_KEYS = `attention.indexer.head_count = index_n_heads; attention.indexer.key_length = index_head_dim
  attention.indexer.top_k = index_topk`;
export const INDEXER = 'indexer.k_norm indexer.proj indexer.attn_k indexer.attn_q_b';

export const deepseek32 = family`deepseek32: DeepseekV32ForCausalLM (deepseek-ai/DeepSeek-V3.2-Exp)
    like ${DEEPSEEK2} unproven
  keys: + $NEXTN_KEY; ${INDEXER_KEYS}
  tensors: ${deepseek2Tensors(`${MLA} ${INDEXER} $NEXTN_TENSORS`)}; ${KV_B}
  mtp: $NEXTN, plainName; tokenizer: bpe, before needs-add-bos`;
