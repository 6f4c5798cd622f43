import { family } from '../family.js';
import { DEEPSEEK2, DEEPSEEK2_KEYS, deepseek2Tensors, INDEXER, INDEXER_KEYS, KV_B, MLA } from './deepseek.js';

const WIDTH = 'hidden_size|n_embed';
const HEADS = 'n_head|num_attention_heads';
/** ChatGLM 3, GLM 4 under its older class, GLM-Edge. */
export const chatglm = family`chatglm: GlmForCausalLM ChatGLMModel ChatGLMForConditionalGeneration
    (zai-org/glm-4-9b-chat-hf)
  keys: context_length = seq_length? else ${WIDTH}; embedding_length = ${WIDTH}
    feed_forward_length = ffn_hidden_size|intermediate_size? else 4 * ${WIDTH}; block_count = @block_count
    attention.head_count = ${HEADS}; attention.head_count_kv = multi_query_group_num|num_key_value_heads? else ${HEADS}
    attention.layer_norm_rms_epsilon = layernorm_epsilon?1e-5; general.file_type = @file_type
    rope.dimension_count = floor((attention_dim? else ${WIDTH} // num_attention_heads?) *
    rope_root/partial_rotary_factor?0.5); tokenizer.ggml.add_bos_token = false; rope.freq_base = 10000 * rope_ratio?1
  tensors: token_embd output_norm output attn_norm attn_qkv attn_q attn_k attn_v attn_output ffn_norm ffn_up ffn_down
  strip: transformer.; drop: + *rotary_pos_emb.inv_freq
  tokenizer: glm4-tiktoken chatglm3 bpe, roles eos <|endoftext|> eot <|user|> unk <|endoftext|>`;

/** llama.cpp rotates for images with the halves of the rotated dimensions apart; those of GLM are interleaved. */
const FOR_IMAGES = 'halves(head_dim, floor(@head_dim * rope_root/partial_rotary_factor?0.5))';
const GLM4_KEYS = `$TEXT_KEYS; $ROTARY_DIMENSIONS(@head_dim, ?0.5)`;
/** GLM 4 since 0414, and the text models of GLM 4V. */
export const glm4 = family`glm4: Glm4ForCausalLM Glm4vForConditionalGeneration (zai-org/GLM-4-9B-0414)
  keys: ${GLM4_KEYS}
  tensors: token_embd output_norm output attn_norm attn_v attn_output post_attention_norm ffn_norm post_ffw_norm; ---
    ffn_up ffn_down $NEXTN_TENSORS; attn_q attn_k when not set rope_root/mrope_section
    attn_q attn_k: ${FOR_IMAGES} when set rope_root/mrope_section
  tokenizer: bpe, roles eos <|endoftext|> eot <|user|> unk <|endoftext|> bos <|endoftext|>`;

/** GLM-OCR: GLM 4 with a block for multi-token prediction that is always part of it. */
export const glmOcr = family`glm4: GlmOcrForConditionalGeneration (zai-org/GLM-OCR) like ${glm4}
  keys: + $NEXTN_KEY; mtp: blocks num_nextn_predict_layers?`;

/** The roles of GLM's tokens. With `<|endoftext|>` for the end of a turn, models of the family don't end. */
const TOKENIZER = 'bpe, roles bos [gMASK] eot <|user|> unk <|endoftext|> eom <|observation|>';
/** GLM 4.5 to 4.7, and their vision models' text models. */
export const glm4moe = family`glm4moe: Glm4MoeForCausalLM Glm4vMoeForConditionalGeneration (zai-org/GLM-4.5-Air)
  keys: ${GLM4_KEYS}; expert_count = n_routed_experts?; expert_feed_forward_length = moe_intermediate_size?
    expert_shared_count = n_shared_experts?; leading_dense_block_count = first_k_dense_replace?; expert_gating_func = 2
    expert_weights_scale = routed_scaling_factor?; expert_weights_norm = norm_topk_prob?; $NEXTN_KEY
  tensors: $DENSE post_attention_norm ffn_gate_inp exp_probs_b $SHARED $QK_NORMS $NEXTN_TENSORS; $EXPERTS
  mtp: $NEXTN; tokenizer: ${TOKENIZER}`;

/** Its blocks for multi-token prediction are always part of it. */
export const solarOpen = family`glm4moe: SolarOpenForCausalLM (upstage/Solar-Open-100B) like ${glm4moe}
  mtp: blocks num_nextn_predict_layers?
  tokenizer: bpe, roles eos <|endoftext|> eot <|endoftext|> unk <unk> bos <|startoftext|>`;

/** GLM 4.7 Flash, with DeepSeek's attention. */
export const glm4moelite = family`deepseek2: Glm4MoeLiteForCausalLM (zai-org/GLM-4.7-Flash) like ${DEEPSEEK2}
  keys: + $NEXTN_IF_ANY
  tensors: ${deepseek2Tensors(`${MLA} $NEXTN_TENSORS`)}; ${KV_B}; mtp: $NEXTN; tokenizer: ${TOKENIZER}`;

/** GLM 5, with the attention of DeepSeek V3.2. */
export const glmdsa = family`glm-dsa: GlmMoeDsaForCausalLM (zai-org/GLM-5.2) like ${glm4moelite}
  keys: ${DEEPSEEK2_KEYS}; $ROTARY_DIMENSIONS(qk_rope_head_dim, ?1); $NEXTN_KEY; ${INDEXER_KEYS}
    attention.indexer.types = layers(indexer_types? is "full")
  tensors: ${deepseek2Tensors(`${MLA} ${INDEXER} $NEXTN_TENSORS`)}; ${KV_B}; mtp: $NEXTN, plainName`;
