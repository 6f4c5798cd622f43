/** Lines for tensors that families share, as tensor-rules.ts reads them. */

/** The tensors of a dense decoder, by their names in GGUF. */
export const DENSE =
  'token_embd output_norm output attn_norm attn_q attn_k attn_v attn_output ffn_norm ffn_gate ffn_up ffn_down';
/** The same without the output: it is the embedding, or done otherwise. */
export const HEADLESS = DENSE.replace(' output ', ' ');
export const QK_NORMS = 'attn_q_norm attn_k_norm';
/** A router, and an expert that all tokens pass. */
export const SHARED_EXPERT = 'ffn_gate_inp ffn_gate_shexp ffn_up_shexp ffn_down_shexp';

/** What Llama's kin does to queries and keys: transformers keeps the halves of a head's rotary dimensions apart. */
export const ROTARY = `
  attn_q: rotary(head_count)
  attn_k: rotary(kv_head_count)`;
/** The same for weights alone. */
export const ROTARY_WEIGHTS = `
  attn_q.weight: rotary(head_count)
  attn_k.weight: rotary(kv_head_count)`;

/** Queries, keys and values that lie in one tensor, one after the other. */
export const SPLIT_QKV = 'split(0, @head_count * @head_dim, @kv_head_count * @head_dim, @kv_head_count * @head_dim)';

/** Experts as most families name and order them. */
export const EXPERTS = 'experts .mlp.experts.{x}: down_proj gate_proj up_proj';
/** Experts that are named as Mixtral's. */
export const MIXTRAL_EXPERTS = 'experts .block_sparse_moe.experts.{x}: w1 w2 w3';
/**
 * The experts of a block where the checkpoint has all of them in one tensor: `down_proj` `[experts, size, own]` and
 * `gate_up_proj` `[experts, 2 * own, size]`, of which the first half is the gate's.
 */
export const STACKED_EXPERTS = `
  .ffn_down_exps.weight = .mlp.experts.down_proj[.weight]
  .ffn_gate_exps.weight .ffn_up_exps.weight = .mlp.experts.gate_up_proj[.weight]: chunk(1, 2)`;

/** Attention sinks, whose name has no `.weight`. */
export const SINKS = '.attn_sinks.weight = .self_attn.sinks[.weight]';

/** The output, which is left out where config.json ties it to the embedding: a head in the checkpoint is a copy then. */
export const TIED_OUTPUT = `
  output when not set tie_word_embeddings
  none = lm_head.weight when set tie_word_embeddings`;

/** What blocks for multi-token prediction have beside the tensors of others. */
export const NEXTN_TENSORS =
  'nextn.eh_proj nextn.embed_tokens nextn.enorm nextn.hnorm nextn.shared_head_head nextn.shared_head_norm';

/** What is done to the weights of norms that a checkpoint keeps as what they differ from 1 by. */
export const plusOne = (names: string): string => `${names.replaceAll(/\S+/g, '$&.weight')}: add(1)`;
