import { family } from '../family.js';
import { llama } from './llama.js';
import { QWEN2_KEYS } from './qwen.js';

/** Models that draft for others. */

const SELECTS = 'set dflash_config/conv_kernel_size';
/** A field of `dflash_config`, or else of the root. */
const either = (name: string) => `dflash_config/${name}? else ${name}?`;

/** Queries and keys, which some checkpoints have for interleaved rotary dimensions. */
const queriesAndKeys = (halves: string) => `attn_q attn_k attn_q_norm attn_k_norm when set rope_is_neox_style?true
  attn_q.weight attn_k.weight attn_q_norm.weight attn_k_norm.weight: ${halves} when not set rope_is_neox_style?true`;
const HALVES = 'halves(head_dim)';
/** Models have names with `model.` and without. */
const CONFIDENCE = ['confidence_head.proj', 'confidence_proj'];
const ROOT = `
  fc.* = [model.]fc.*; enc.output_norm.* = [model.]hidden_norm.*; markov_w1.* = [model.]markov_head.markov_w1.*
  markov_w2.* = [model.]markov_head.markov_w2.*
  conf_proj.* = ${CONFIDENCE.map((name) => `[model.]${name}.*`).join(' | ')}
  selector_hidden.* = [model.]candidate_selector.hidden_projection.*
  selector_predecessor.weight = [model.]candidate_selector.predecessor_codebook.*
  selector_successor.weight = [model.]candidate_selector.successor_codebook.*`;
const EMBEDDING = `token_embd when set has_embed_tokens?true; none = [model.]embed_tokens.weight`;
const COMMON = `
  output_norm attn_norm attn_v attn_output ffn_norm ffn_gate ffn_up ffn_down layer_output_scale attn_conv_base
  attn_conv_proj ffn_conv_base ffn_conv_proj; ${EMBEDDING}
  .attn_sinks.weight = .self_attn.sinks[.weight] | .self_attn.attention_sink_bias[.weight]
  | .self_attn.learnable_sink_param[.weight]; ${ROOT}`;
/** A draft that writes a block of tokens at once. */
export const dflash = family`dflash: DFlashDraftModel DFlash2DraftModel (z-lab/Qwen3.5-9B-DFlash)
  keys: ${QWEN2_KEYS}; block_size = dflash_config/block_size? else block_size?16
    conv_kernel_size = dflash_config/conv_kernel_size?; conv_group_size = dflash_config/conv_group_size? when ${SELECTS}
    selector_rank = dflash_config/selector_rank? when ${SELECTS}
    selector_top_k = dflash_config/selector_top_k? when ${SELECTS}; logit_scale = ${either('output_multiplier')}
    final_logit_softcapping = ${either('final_logit_softcapping')} when ${either('final_logit_softcapping')} > 0
    embedding_scale = ${either('input_embedding_scale')}; target_layers = @dflash_target_layers
    target_layers = aux_hidden_state_layer_ids? when lacks dflash_config; attention.sliding_window = @dflash_window
    attention.sliding_window_pattern = @dflash_window_pattern; attention.causal = is_causal? else dflash_config/causal?
    rope.dimension_sections = @draft_mrope_sections
  tensors: ${COMMON}; output; ${queriesAndKeys(HALVES)}; tokenizer: bpe, after dflash-mask-token; target: family`;

const WINDOWED = 'set sliding_window and set layer_types';
/** The draft of Muse Glimmer has its fields in the root, and heads as transformers keeps them. */
export const museGlimmerAssistant = family`dflash: MuseGlimmerAssistantModel (meta-models/Muse-Glimmer-30B-assistant)
    like ${dflash} unproven
  keys: $TEXT_KEYS; block_size; target_layers = @dflash_target_layers
    attention.sliding_window = sliding_window? when ${WINDOWED}
    attention.sliding_window_pattern = layers(layer_types? is "sliding_attention") when ${WINDOWED}
  tensors: ${COMMON}; output attn_q attn_k attn_q_norm attn_k_norm; tokenizer: bpe, after dspark-mask-token`;

const CONFIDENCE_NAMES = CONFIDENCE.flatMap((name) =>
  ['', 'model.'].flatMap((at) => ['weight', 'bias'].map((end) => `${at}${name}.${end}`)),
);
const HAS_CONFIDENCE = `confidence: there ${CONFIDENCE_NAMES.join(' ')}`;
/** DFlash with a Markov head. ref-quirk: conversion/qwen.py moves the rotary dimensions of such a model twice. */
export const dspark = family`dflash: Qwen3DSparkModel DSparkDraftModel DSparkSpeculator Lfm2DSparkDraftModel
    LingDSparkModel (satgeze/Qwen3.6-27B-DSpark) like ${dflash}
  keys: + sample_from_anchor = true
    sample_from_anchor = false when has transformer_layer_config or has aux_hidden_state_layer_ids
    sample_from_anchor = sample_from_anchor?; has_confidence_head = probe(confidence)?
  tensors: ${COMMON}; output when not @has_full_draft_vocabulary
    none = [model.]lm_head.weight when @has_full_draft_vocabulary; ${queriesAndKeys(`${HALVES}, ${HALVES}`)}
  probes: d2t: values d2t; d2t: values model.d2t; ${HAS_CONFIDENCE}
  drop: + t2d d2t model.d2t; lastExtra: dspark_d2t; tokenizer: bpe, after dspark-mask-token`;

/** ref-quirk: `Gemma4DSparkModel` in conversion/gemma.py; unsupported.ts refuses the variants that it refuses. */
export const gemma4Dspark = family`dflash: Gemma4DSparkModel (RedHatAI/gemma-4-31B-it-speculator.dspark)
    like ${dflash} unproven
  keys: + !rope.freq_base = @gemma4_draft_theta
    attention.head_count_kv = num_global_key_value_heads; attention.key_length = global_head_dim
    attention.value_length = global_head_dim; rope.dimension_count = global_head_dim
    embedding_scale = hidden_size ** 0.5; attention.scale = 1; hidden_activation = "gelu_pytorch_tanh"
    sample_from_anchor = sample_from_anchor?true; has_confidence_head = probe(confidence)?
  tensors: output_norm output attn_norm attn_output ffn_gate ffn_up ffn_down post_ffw_norm; ${EMBEDDING}; ${ROOT}
    .post_attention_norm.* = .post_attention_layernorm.*; .ffn_norm.* = .pre_feedforward_layernorm.*
    .layer_output_scale.weight = .layer_scalar[.weight]; ${queriesAndKeys(HALVES)}
  probes: ${HAS_CONFIDENCE}; extra: gemma4_draft_rope; tokenizer: bpe, after dspark-mask-token`;

/** A draft of one block, which reads the target's hidden states. */
export const eagle3 = family`eagle3: ${llama.classes.join(' ')} LlamaForCausalLMEagle3 Eagle3LlamaForCausalLM
    Eagle3Speculator Eagle3DraftModel (yuhuili/EAGLE3-LLaMA3.1-Instruct-8B) like ${llama}
  when: has draft_vocab_size and num_hidden_layers == 1
  firstKeys: target_layers = @eagle3_target_layers; target_hidden_size = target_hidden_size? else target/hidden_size
    norm_before_residual = norm_before_residual?false; norm_before_fc = norm_before_fc?false
  tensors: $DENSE; $ROTARY; fc.weight = fc.weight; enc.output_norm.weight = input_norm.weight
    .attn_norm_2.weight = .hidden_norm.weight
  # The distances between a draft model's tokens and the target's.
  probes: d2t: values d2t
  rename: midlayer. = model.layers.0.; drop: + d2t t2d; lastExtra: eagle3_d2t; target: files`;
