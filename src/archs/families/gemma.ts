import { family } from '../family.js';

/** Norms are kept as what they differ from 1 by. */
const PLUS_ONE = 'plus-one output_norm attn_norm ffn_norm';
const OTHER_NORMS = 'post_attention_norm post_ffw_norm';
/** Tokens that the tokenizer doesn't have get no row. */
const KNOWN_TOKENS = 'token_embd.weight: cut(@tokenizer_size)';
const GEMMA_KEYS = `
  context_length[] = max_position_embeddings; embedding_length[] = hidden_size; block_count = @block_count
  feed_forward_length[] = intermediate_size; attention.head_count[] = num_attention_heads
  attention.head_count_kv[] = num_key_value_heads|num_attention_heads; attention.layer_norm_rms_epsilon = rms_norm_eps
  attention.key_length[] = head_dim; attention.value_length[] = head_dim; general.file_type = @file_type`;
/** The embedding is the output. */
export const gemma2 = family`gemma2: Gemma2ForCausalLM (google/gemma-2-9b-it)
  keys: ${GEMMA_KEYS}; attn_logit_softcapping; final_logit_softcapping; attention.sliding_window[] = sliding_window
  tensors: $HEADLESS post_ffw_norm post_attention_norm; ${PLUS_ONE}; plus-one ${OTHER_NORMS}
  ignore: + lm_head.weight; tokenizer: sentencepiece, after no-sentencepiece-space-prefix`;

export const gemma = family`gemma: GemmaForCausalLM (google/gemma-2b) like ${gemma2}
  keys: ${GEMMA_KEYS}
  tensors: $HEADLESS; ${PLUS_ONE}; tokenizer: sentencepiece, after code-gemma-infill no-sentencepiece-space-prefix`;

const GEMMA3_KEYS = `$TEXT_KEYS; context_length[] = max_position_embeddings?131072
  attention.head_count[] = num_attention_heads?8; attention.layer_norm_rms_epsilon = rms_norm_eps?1e-6
  attention.key_length[] = head_dim?256; attention.value_length[] = head_dim?256
  rope.freq_base = rope/rope_theta?1000000
  final_logit_softcapping = final_logit_softcapping? when set final_logit_softcapping
  attention.sliding_window = sliding_window when sliding_window_pattern != 1
  attention.head_count_kv[] = num_key_value_heads?4`;
const GEMMA3_TENSORS = `$DENSE $QK_NORMS post_ffw_norm post_attention_norm`;
export const gemma3 = family`gemma3: Gemma3ForCausalLM Gemma3ForConditionalGeneration (google/gemma-3-4b-it)
  keys: ${GEMMA3_KEYS}
  tensors: ${GEMMA3_TENSORS}; ${PLUS_ONE}; plus-one $QK_NORMS ${OTHER_NORMS}; ${KNOWN_TOKENS}
  files: tokenizer.json; tokenizer: sentencepiece bpe, after no-sentencepiece-space-prefix`;

/** EmbeddingGemma. Its window is the one of config.json, which transformers changes. */
export const gemmaEmbedding = family`gemma-embedding: Gemma3TextModel (google/embeddinggemma-300m) like ${gemma3}
  keys: + attention.sliding_window[] = @released_window; dense_2_feat_in[] = @dense_2_feat_in
    dense_2_feat_out[] = @dense_2_feat_out; dense_3_feat_in[] = @dense_3_feat_in
    dense_3_feat_out[] = @dense_3_feat_out; pooling_type[] = @pooling_type
  files: config.json tokenizer.json; denseModules: all; tensors: + dense_2 dense_3`;

const PER_LAYER = `per_layer_token_embd per_layer_model_proj per_layer_proj_norm inp_gate proj post_norm`;
const stacked = (name: string) => `${[0, 1, 2].map((i) => `${name}.${i}.weight`).join(' + ')}: stack`;
/** The rows of tokens that encoders fill are zeros. */
export const gemma3n = family`gemma3n: Gemma3nForCausalLM Gemma3nForConditionalGeneration (google/gemma-3n-E2B-it)
  keys: ${GEMMA3_KEYS}; altup.active_idx[] = altup_active_idx; altup.num_inputs[] = altup_num_inputs
    embedding_length_per_layer_input[] = hidden_size_per_layer_input
    attention.shared_kv_layers[] = num_kv_shared_layers; activation_sparsity_scale = @activation_sparsity
    $LAYER_WINDOWS
  tensors: ${GEMMA3_TENSORS} ${PER_LAYER}
    altup_correct_coef altup_predict_coef altup_router altup_router_norm laurel_l laurel_r laurel_post_norm
    token_embd per_layer_token_embd: pad(vocab_size?262400); .altup_correct_scale.weight = .altup.correct_output_scale
    altup_proj.weight = ${stacked('model.altup_projections')}
    altup_unembd_proj.weight = ${stacked('model.altup_unembed_projections')}
  tokenizer: sentencepiece bpe, after no-sentencepiece-space-prefix`;

const LAYER_SCALE = '.layer_output_scale.weight = .layer_scalar';
export const gemma4 = family`gemma4: Gemma4ForCausalLM Gemma4ForConditionalGeneration (google/gemma-4-E2B-it)
  keys: ${GEMMA3_KEYS}; attention.shared_kv_layers[] = num_kv_shared_layers
    embedding_length_per_layer_input[] = hidden_size_per_layer_input?0; $LAYER_WINDOWS
    attention.key_length[] = @global_head_dim; attention.value_length[] = @global_head_dim
    attention.key_length_swa[] = head_dim; attention.value_length_swa[] = head_dim
    expert_feed_forward_length = expert_intermediate_size|moe_intermediate_size?
    # The blocks that share keys and values may be twice as wide.
    feed_forward_length:i32[] = layers(from @block_count - num_kv_shared_layers?, intermediate_size? * 2,
    intermediate_size?) when set use_double_wide_mlp
    attention.head_count_kv:i32[] = layers(layer_types? is "sliding_attention", num_key_value_heads?, @global_kv_heads)
    rope.dimension_count[] = @global_head_dim
    rope.dimension_count_swa = floor(head_dim? * rope_root/partial_rotary_factor?1)
  tensors: ${GEMMA3_TENSORS} ${PER_LAYER}; pre_ffw_norm_2 post_ffw_norm_1 post_ffw_norm_2 ffn_gate_inp; ${KNOWN_TOKENS}
    ${LAYER_SCALE}; .ffn_gate_inp.scale = .router.scale; .ffn_down_exps.scale = .router.per_expert_scale
    .ffn_down_exps.weight = .experts.down_proj[.weight]; .ffn_gate_up_exps.weight = .experts.gate_up_proj[.weight]
  extra: proportional_rope; files: tokenizer.json; tokenizer: gemma4`;

/** Gemma 4 with encoders of few layers. */
export const gemma4Unified = family`gemma4: Gemma4UnifiedForConditionalGeneration (google/gemma-4-E2B-it) like ${gemma4}
  keys: + tokenizer.ggml.suppress_tokens = @suppressed_tokens
  files: tokenizer.json generation_config.json`;

/** What drafts for a Gemma 4: it has queries of its own, and the keys and values of the model that it drafts for. */
export const gemma4Assistant = family`gemma4-assistant: Gemma4AssistantForCausalLM Gemma4UnifiedAssistantForCausalLM
    (google/gemma-4-E2B-it-assistant) like ${gemma4} unproven
  keys: + embedding_length_out[] = backbone_hidden_size; nextn_predict_layers[] = @block_count
  tensors: token_embd output_norm attn_norm attn_q attn_output ffn_norm ffn_gate ffn_up ffn_down attn_q_norm
    post_ffw_norm post_attention_norm nextn.pre_projection nextn.post_projection; ${KNOWN_TOKENS}; ${LAYER_SCALE}
  ignore: + *masked_embedding*`;
