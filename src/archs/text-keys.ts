/** Lines of keys that families share, as key-rows.ts reads them. */

/**
 * The keys that all text models share, in the order of `TextModel.set_gguf_parameters` in conversion/base.py. A field
 * that config.json doesn't have writes no key.
 */
export const TEXT_KEYS = `
  block_count = @block_count
  context_length[] = max_position_embeddings|n_ctx|n_positions|max_length|max_sequence_length|model_max_length?
  embedding_length[] = hidden_size|n_embd|dim?
  feed_forward_length[] = prefix_dense_intermediate_size|dense_intermediate_size|intermediate_size|n_inner|hidden_dim?
  attention.head_count[] = num_attention_heads|n_head|n_heads?
  attention.head_count_kv[] = num_key_value_heads|n_kv_heads?
  attention.causal = false when is_causal == false
  rope.scaling.type = @rope_scaling_type
  rope.scaling.factor = rope/factor? when @rope_scaling_type in ["linear", "yarn"]
  rope.scaling.original_context_length = @yarn_original_context when @rope_scaling_type in ["yarn"]
  rope.scaling.yarn_ext_factor = rope/extrapolation_factor? when @rope_scaling_type in ["yarn"]
  rope.scaling.yarn_attn_factor = rope/attention_factor|attn_factor? when @rope_scaling_type in ["yarn"]
  rope.scaling.yarn_beta_fast = rope/beta_fast? when @rope_scaling_type in ["yarn"]
  rope.scaling.yarn_beta_slow = rope/beta_slow? when @rope_scaling_type in ["yarn"]
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
  general.file_type = @file_type`;

/** Written where a type of scaling was, whatever it is. */
export const NO_SCALING = 'rope.scaling.type = "none"';

/** An equal share of the width for each head, whatever `head_dim` says. */
export const EQUAL_SHARE = '(hidden_size? // num_attention_heads?)';

/** Which layers attend within a window, by their types. */
export const LAYER_WINDOWS = 'attention.sliding_window_pattern = layers(layer_types? is "sliding_attention")';

/** Holds where blocks for multi-token prediction are not left out. */
const WITH_MTP = '@mtp in ["with", "only"]';
/** The number of these blocks, written where config.json has the field. */
export const NEXTN_KEY = `nextn_predict_layers = num_nextn_predict_layers? when ${WITH_MTP}`;
/** The same where a 0 counts as no field. */
export const NEXTN_IF_ANY = `${NEXTN_KEY} and set num_nextn_predict_layers`;
/** How many of them are converted. */
const MTP_BLOCKS = '@block_count - @main_block_count';
export const MTP_BLOCKS_KEY = `nextn_predict_layers = ${MTP_BLOCKS} when ${MTP_BLOCKS} > 0`;

/** How many of some dimensions are rotated, rounded down; `otherwise` is the share where config.json has none. */
export const rotaryDimensions = (dimensions: string, otherwise?: number): string =>
  `rope.dimension_count = floor(${dimensions} * rope_root/partial_rotary_factor${otherwise === undefined ? '' : `?${otherwise}`})`;

const rowsOf = (keys: string) => keys.split(/\n|; /);
const keyOf = (row: string) => /^\s*([\w.]*)/.exec(row)?.[1];

/** Keys with others in the places of those of the same names; those of other names follow. */
export function revised(keys: string, by: string): string {
  const rows = rowsOf(by);
  const own = rowsOf(keys).map(
    (row) => rows.find((other) => keyOf(other) !== '' && keyOf(row) === keyOf(other)) ?? row,
  );
  return [...own, ...rows.filter((row) => !own.includes(row))].join('\n');
}

/** Keys without those of some names. */
export function without(keys: string, names: string): string {
  const left = names.split(' ');
  return rowsOf(keys)
    .filter((row) => !left.includes(keyOf(row) ?? ''))
    .join('\n');
}
