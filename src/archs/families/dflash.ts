import type { Architecture, Condition, KeyRow, Probe, TensorRule, Transform, Value } from '../architecture.js';
import { block, given, rename, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { required, revised } from '../text-keys.js';
import { D2T } from './eagle3.js';
import { QWEN2_KEYS } from './qwen2.js';

/** A field of `dflash_config`, and one of it or else of the root. */
const own = (name: string): Value => ({ fields: [name], of: ['dflash_config'] });
const either = (name: string): Value => ({ first: [own(name), { fields: [name] }] });

const SELECTS: Condition = { set: own('conv_kernel_size') };
const SOFTCAP = either('final_logit_softcapping');

export const DFLASH_KEYS: readonly KeyRow[] = [
  ...QWEN2_KEYS,
  ['{arch}.block_size', 'u32', { first: [own('block_size'), { fields: ['block_size'], or: 16 }] }],
  ['{arch}.conv_kernel_size', 'u32', own('conv_kernel_size')],
  ['{arch}.conv_group_size', 'u32', own('conv_group_size'), SELECTS],
  ['{arch}.selector_rank', 'u32', own('selector_rank'), SELECTS],
  ['{arch}.selector_top_k', 'u32', own('selector_top_k'), SELECTS],
  ['{arch}.logit_scale', 'f32', either('output_multiplier')],
  ['{arch}.final_logit_softcapping', 'f32', SOFTCAP, { value: SOFTCAP, above: 0 }],
  ['{arch}.embedding_scale', 'f32', either('input_embedding_scale')],
  ['{arch}.target_layers', 'i32[]', { derive: 'dflash_target_layers' }],
  [
    '{arch}.target_layers',
    'i32[]',
    { fields: ['aux_hidden_state_layer_ids'] },
    { field: 'dflash_config', exists: false },
  ],
  ['{arch}.attention.sliding_window', 'u32', { derive: 'dflash_window' }],
  ['{arch}.attention.sliding_window_pattern', 'bool[]', { derive: 'dflash_window_pattern' }],
  ['{arch}.attention.causal', 'bool', { first: [{ fields: ['is_causal'] }, own('causal')] }],
  ['{arch}.rope.dimension_sections', 'i32[]', { derive: 'draft_mrope_sections' }],
];

/** Queries and keys, which some checkpoints have for interleaved rotary dimensions. */
function queriesAndKeys(...halves: Transform[]): readonly TensorRule[] {
  const isPlain: Condition = { set: { fields: ['rope_is_neox_style'], or: true } };
  const names = ['attn_q', 'attn_k', 'attn_q_norm', 'attn_k_norm'];
  const moved = Object.fromEntries(names.map((name) => [`${name}.weight`, halves]));
  return [...given(isPlain, named(names.join(' '))), ...given({ not: isPlain }, named(names.join(' '), moved))];
}

/** Models have names with `model.` and without. */
const rootRule = (to: string, name: string) => rename(to, name, `model.${name}`);

const ROOT = [
  rootRule('fc', 'fc'),
  rootRule('enc.output_norm', 'hidden_norm'),
  rootRule('markov_w1', 'markov_head.markov_w1'),
  rootRule('markov_w2', 'markov_head.markov_w2'),
  rename('conf_proj', ...['confidence_head.proj', 'confidence_proj'].flatMap((name) => [name, `model.${name}`])),
  rootRule('selector_hidden', 'candidate_selector.hidden_projection'),
  ...(['predecessor', 'successor'] as const).map((name) => ({
    ...rootRule('', `candidate_selector.${name}_codebook`),
    to: `selector_${name}.weight`,
  })),
];

const HAS_EMBEDDING: Condition = { set: { fields: ['has_embed_tokens'], or: true } };
const SINKS = ['{L}.self_attn.sinks', '{L}.self_attn.attention_sink_bias', '{L}.self_attn.learnable_sink_param'];

const COMMON: readonly TensorRule[] = [
  ...named(
    'output_norm attn_norm attn_v attn_output ffn_norm ffn_gate ffn_up ffn_down layer_output_scale attn_conv_base ' +
      'attn_conv_proj ffn_conv_base ffn_conv_proj',
  ),
  ...given(HAS_EMBEDDING, named('token_embd')),
  { from: ['embed_tokens.weight', 'model.embed_tokens.weight'] },
  { from: SINKS.flatMap((name) => [name, `${name}.weight`]), to: 'blk.{b}.attn_sinks.weight' },
  ...ROOT,
];

/** A draft that writes a block of tokens at once. */
export const dflash = {
  ...TEXT_MODEL,
  classes: ['DFlashDraftModel', 'DFlash2DraftModel'],
  gguf: 'dflash',
  example: 'z-lab/Qwen3.5-9B-DFlash',
  keys: DFLASH_KEYS,
  tensors: [...COMMON, ...named('output'), ...queriesAndKeys(['halves', 'head_dim'])],
  tokenizer: { kinds: ['bpe'], after: ['dflash-mask-token'] },
  target: 'family',
} as const satisfies Architecture;

const CONFIDENCE: Probe = {
  id: 'confidence',
  want: 'there',
  of: ['confidence_head.proj', 'confidence_proj'].flatMap((name) =>
    ['', 'model.'].flatMap((at) => ['weight', 'bias'].map((end) => `${at}${name}.${end}`)),
  ),
};

const FULL: Condition = { derive: 'has_full_draft_vocabulary', is: true };

/**
 * DFlash with a Markov head. ref-quirk: conversion/qwen.py moves the rotary dimensions of such a model twice.
 */
export const dspark = {
  ...dflash,
  classes: [...['Qwen3DSparkModel', 'DSparkDraftModel', 'DSparkSpeculator', 'Lfm2DSparkDraftModel', 'LingDSparkModel']],
  example: 'satgeze/Qwen3.6-27B-DSpark',
  keys: [
    ...DFLASH_KEYS,
    ['{arch}.sample_from_anchor', 'bool', { value: true }],
    [
      '{arch}.sample_from_anchor',
      'bool',
      { value: false },
      {
        any: [
          { field: 'transformer_layer_config', exists: true },
          { field: 'aux_hidden_state_layer_ids', exists: true },
        ],
      },
    ],
    ['{arch}.sample_from_anchor', 'bool', { fields: ['sample_from_anchor'] }],
    ['{arch}.has_confidence_head', 'bool', { probe: 'confidence' }],
  ],
  drop: [...TEXT_MODEL.drop, 't2d', 'd2t', 'model.d2t'],
  tensors: [
    ...COMMON,
    ...given({ not: FULL }, named('output')),
    { from: ['lm_head.weight', 'model.lm_head.weight'], when: FULL },
    ...queriesAndKeys(['halves', 'head_dim'], ['halves', 'head_dim']),
  ],
  probes: [D2T, { ...D2T, of: ['model.d2t'] }, CONFIDENCE],
  lastExtra: ['dspark_d2t'],
  tokenizer: { kinds: ['bpe'], after: ['dspark-mask-token'] },
} as const satisfies Architecture;

/** ref-quirk: `Gemma4DSparkModel` in conversion/gemma.py; registry.ts refuses the variants that it refuses. */
export const gemma4Dspark = {
  ...dflash,
  classes: ['Gemma4DSparkModel'],
  example: 'RedHatAI/gemma-4-31B-it-speculator.dspark',
  keys: [
    ...revised(DFLASH_KEYS, ['{arch}.rope.freq_base', 'f32', { derive: 'gemma4_draft_theta' }]),
    ['{arch}.attention.head_count_kv', 'u32', required('num_global_key_value_heads')],
    ['{arch}.attention.key_length', 'u32', required('global_head_dim')],
    ['{arch}.attention.value_length', 'u32', required('global_head_dim')],
    ['{arch}.rope.dimension_count', 'u32', required('global_head_dim')],
    ['{arch}.embedding_scale', 'f32', { math: 'pow', of: [required('hidden_size'), { value: 0.5 }] }],
    ['{arch}.attention.scale', 'f32', { value: 1 }],
    ['{arch}.hidden_activation', 'string', { value: 'gelu_pytorch_tanh' }],
    ['{arch}.sample_from_anchor', 'bool', { fields: ['sample_from_anchor'], or: true }],
    ['{arch}.has_confidence_head', 'bool', { probe: 'confidence' }],
  ],
  tensors: [
    ...named('output_norm output attn_norm attn_output ffn_gate ffn_up ffn_down post_ffw_norm'),
    ...given(HAS_EMBEDDING, named('token_embd')),
    ...[{ from: ['embed_tokens.weight', 'model.embed_tokens.weight'] }, ...ROOT],
    block('post_attention_norm', ['post_attention_layernorm']),
    block('ffn_norm', ['pre_feedforward_layernorm']),
    { from: ['{L}.layer_scalar', '{L}.layer_scalar.weight'], to: 'blk.{b}.layer_output_scale.weight' },
    ...queriesAndKeys(['halves', 'head_dim']),
  ],
  probes: [CONFIDENCE],
  extra: ['gemma4_draft_rope'],
  tokenizer: { kinds: ['bpe'], after: ['dspark-mask-token'] },
  unproven: true,
} as const satisfies Architecture;
