/**
 * Texts that families share: `$NAME` in a text stands for them, and `$NAME(a, b)` for one with `a` in the place of `$1`
 * and `b` in that of `$2`. key-rows.ts and tensor-rules.ts say what their lines mean.
 */
const TEXTS: Readonly<Record<string, string>> = {
  /** What blocks' names begin with in the checkpoints of all families. */
  BLOCKS: `
    model.layers.{b} layers.{b} transformer.h.{b} h.{b} gpt_neox.layers.{b} transformer.layers.{b}
    transformer.blocks.{b} model.transformer.blocks.{b} model.blocks.{b} model.layers.layers.{b} model.layers.h.{b}
    backbone.layers.{b} encoder.layers.{b} encoder.layer.{b} transformer.layer.{b} transformer_encoder.{b}
    transformer.decoder_layer.{b} rwkv.blocks.{b}`,
  /** Encoders, projectors and speech parts: beginnings of their names, then parts of them. */
  IGNORE: `
    mlp* vit.* vpm.* siglip2.* conformer.* merger.* resampler.* sound_encoder.* sound_projection.* speech_embeddings.*
    *visual.* *vision.* *audio.* *talker.* *vision_* *audio_* *token2wav.* *code2wav.* *projector.*
    *pre_mm_projector_norm* *image_newline* *view_seperator* *patch_embed* *patch_merger.* *patch_merge_mlp.*
    *model.connector.*`,
  /** Buffers, which models recompute. */
  DROP: '*.attention.masked_bias *.attention.bias *.rotary_emb.inv_freq',
  RENAME: 'e_score_correction_bias = e_score_correction.bias',
  /** Multi-token prediction as most families have it: more blocks of `model.layers`, which config.json counts. */
  NEXTN: 'blocks num_nextn_predict_layers?, keep model.embed_tokens.weight model.norm.weight lm_head.weight',

  /**
   * The keys that all text models share, in the order of `TextModel.set_gguf_parameters` in conversion/base.py. A field
   * that config.json doesn't have writes no key.
   */
  TEXT_KEYS: `
    block_count = @block_count
    context_length[] = max_position_embeddings|n_ctx|n_positions|max_length|max_sequence_length|model_max_length?
    embedding_length[] = hidden_size|n_embd|dim?
    feed_forward_length[] = prefix_dense_intermediate_size|dense_intermediate_size|intermediate_size|n_inner|hidden_dim?
    attention.head_count[] = num_attention_heads|n_head|n_heads?
    attention.head_count_kv[] = num_key_value_heads|n_kv_heads?
    attention.causal = false when is_causal == false
    rope.scaling.type = @rope_scaling_type
    rope.scaling.factor = rope/factor? when @rope_scaling_type in ["linear", "yarn"]
    if @rope_scaling_type in ["yarn"] {
      rope.scaling.original_context_length = @yarn_original_context
      rope.scaling.yarn_ext_factor = rope/extrapolation_factor?
      rope.scaling.yarn_attn_factor = rope/attention_factor|attn_factor?
      rope.scaling.yarn_beta_fast = rope/beta_fast?
      rope.scaling.yarn_beta_slow = rope/beta_slow?
    }
    rope.dimension_sections = @mrope_sections
    rope.freq_base = rope/rope_theta?
    rope.freq_base_swa = rope_sliding/rope_theta?
    attention.layer_norm_rms_epsilon = rms_norm_eps|norm_eps?
    attention.layer_norm_epsilon = layer_norm_eps|layer_norm_epsilon|norm_epsilon?
    expert_count[] = num_local_experts|num_experts|n_routed_experts?
    expert_used_count[] = num_experts_per_tok|num_experts_per_token|top_k_experts?
    expert_group_count[] = n_group?
    expert_group_used_count[] = topk_group?
    expert_gating_func = @expert_gating_func
    attention.key_length[] = head_dim?
    attention.value_length[] = head_dim?
    general.file_type = @file_type`,
  /** Written where a type of scaling was, whatever it is. */
  NO_SCALING: 'rope.scaling.type = "none"',
  /** An equal share of the width for each head, whatever `head_dim` says. */
  EQUAL_SHARE: '(hidden_size? // num_attention_heads?)',
  /** Which layers attend within a window, by their types. */
  LAYER_WINDOWS: 'attention.sliding_window_pattern = layers(layer_types? is "sliding_attention")',
  /** How many of `$1` dimensions are rotated, rounded down; `$2` is `?` and the share where config.json has none. */
  ROTARY_DIMENSIONS: 'rope.dimension_count = floor($1 * rope_root/partial_rotary_factor$2)',
  /** The number of blocks for multi-token prediction, where they are not left out and config.json has the field. */
  NEXTN_KEY: 'nextn_predict_layers = num_nextn_predict_layers? when @mtp in ["with", "only"]',
  /** The same where a 0 counts as no field. */
  NEXTN_IF_ANY: '$NEXTN_KEY and set num_nextn_predict_layers',
  /** How many of them are converted. */
  MTP_BLOCKS: '@block_count - @main_block_count',
  MTP_BLOCKS_KEY: 'nextn_predict_layers = $MTP_BLOCKS when $MTP_BLOCKS > 0',

  /** The tensors of a dense decoder, by their names in GGUF. */
  DENSE: '$ATTENTION ffn_norm ffn_gate ffn_up ffn_down',
  ATTENTION: 'token_embd output_norm output attn_norm attn_q attn_k attn_v attn_output',
  /** The same without the output: it is the embedding, or done otherwise. */
  HEADLESS: 'token_embd output_norm attn_norm attn_q attn_k attn_v attn_output ffn_norm ffn_gate ffn_up ffn_down',
  QK_NORMS: 'attn_q_norm attn_k_norm',
  /** An expert that all tokens pass, and a router before it. */
  SHARED: 'ffn_gate_shexp ffn_up_shexp ffn_down_shexp',
  SHARED_EXPERT: 'ffn_gate_inp $SHARED',
  /** What Llama's kin does to queries and keys: transformers keeps the halves of a head's rotary dimensions apart. */
  ROTARY: 'attn_q: rotary(head_count); attn_k: rotary(kv_head_count)',
  /** The same for weights alone. */
  ROTARY_WEIGHTS: 'attn_q.weight: rotary(head_count); attn_k.weight: rotary(kv_head_count)',
  /** Queries, keys and values that lie in one tensor, one after the other. */
  SPLIT_QKV: 'split(0, @head_count * @head_dim, @kv_head_count * @head_dim, @kv_head_count * @head_dim)',
  /** Experts as most families name and order them. */
  EXPERTS: 'experts .mlp.experts.{x}: down_proj gate_proj up_proj',
  /** Experts that are named as Mixtral's. */
  MIXTRAL_EXPERTS: 'experts .block_sparse_moe.experts.{x}: w1 w2 w3',
  /**
   * The experts of a block where the checkpoint has all of them in one tensor: `down_proj` `[experts, size, own]` and
   * `gate_up_proj` `[experts, 2 * own, size]`, of which the first half is the gate's.
   */
  STACKED_EXPERTS: `
    .ffn_down_exps.weight = .mlp.experts.down_proj[.weight]
    .ffn_gate_exps.weight .ffn_up_exps.weight = .mlp.experts.gate_up_proj[.weight]: chunk(1, 2)`,
  /** Attention sinks, whose name has no `.weight`. */
  SINKS: '.attn_sinks.weight = .self_attn.sinks[.weight]',
  /** The output, left out where config.json ties it to the embedding: the checkpoint's `$1lm_head` is a copy then. */
  TIED_OUTPUT: `
    output when not set tie_word_embeddings
    none = $1lm_head.weight when set tie_word_embeddings`,
  /** What blocks for multi-token prediction have beside the tensors of others. */
  NEXTN_TENSORS:
    'nextn.eh_proj nextn.embed_tokens nextn.enorm nextn.hnorm nextn.shared_head_head nextn.shared_head_norm',
};

/** A text with shared texts in the places of their names. @throws SyntaxError for a name that there is not */
export function expanded(text: string): string {
  return text.replace(/\$([A-Z]\w*)(?:\(([^()]*)\))?/g, (_, name: string, given = '') => {
    const shared = TEXTS[name];
    if (shared === undefined) {
      throw new SyntaxError(`texts.ts has no ${name}.`);
    }
    const own: readonly string[] = given.split(', ');
    return expanded(shared.replace(/\$(\d)/g, (__, number: string) => own[Number(number) - 1] ?? ''));
  });
}
