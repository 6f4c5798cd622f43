import type { DerivationName } from '../config/derivations.js';
import type { Condition, KeyRow, KeyType, MathName, PartName, Value } from './architecture.js';

/** A field that config.json has to have. */
export function required(name: string): Value {
  return { fields: [name], required: true };
}

/** The first of these fields of config.json that is there. */
export function fields(...names: string[]): Value {
  return { fields: names };
}

const count = (key: string, ...names: string[]): KeyRow => [`{arch}.${key}`, 'u32|i32[]', { fields: names }];
const rope = (...names: string[]): Value => ({ fields: names, of: 'rope' });
const scaled = (...types: string[]): Condition => ({ derive: 'rope_scaling_type', is: types });

export const BLOCK_COUNT: KeyRow = ['{arch}.block_count', 'u32', { derive: 'block_count' }];
export const FILE_TYPE: KeyRow = ['general.file_type', 'u32', { derive: 'file_type' }];

/** Written where a type of scaling was, whatever it is. */
export const NO_SCALING: KeyRow = ['{arch}.rope.scaling.type', 'string', { value: 'none' }];

/** How many of some dimensions are rotated, rounded down; `or` is the share where config.json has none. */
export const rotaryDimensions = (dimensions: Value, or?: number): KeyRow => {
  const share: Value = {
    ...{ fields: ['partial_rotary_factor'], of: 'rope_root' },
    ...(or === undefined ? { required: true } : { or }),
  };
  const rotated: Value = { math: 'mul', of: [dimensions, share] };
  return ['{arch}.rope.dimension_count', 'u32', { math: 'quotient', of: [rotated, { value: 1 }] }];
};

/**
 * The keys that all text models share, in the order of `TextModel.set_gguf_parameters` in conversion/base.py. A field
 * that config.json doesn't have writes no key.
 */
export const TEXT_KEYS: readonly KeyRow[] = [
  BLOCK_COUNT,
  count(
    'context_length',
    ...['max_position_embeddings', 'n_ctx', 'n_positions', 'max_length', 'max_sequence_length', 'model_max_length'],
  ),
  count('embedding_length', 'hidden_size', 'n_embd', 'dim'),
  count(
    'feed_forward_length',
    ...['prefix_dense_intermediate_size', 'dense_intermediate_size', 'intermediate_size', 'n_inner', 'hidden_dim'],
  ),
  count('attention.head_count', 'num_attention_heads', 'n_head', 'n_heads'),
  count('attention.head_count_kv', 'num_key_value_heads', 'n_kv_heads'),
  ['{arch}.attention.causal', 'bool', { value: false }, { field: 'is_causal', is: false }],
  ['{arch}.rope.scaling.type', 'string', { derive: 'rope_scaling_type' }],
  ['{arch}.rope.scaling.factor', 'f32', rope('factor'), scaled('linear', 'yarn')],
  ['{arch}.rope.scaling.original_context_length', 'u32', { derive: 'yarn_original_context' }, scaled('yarn')],
  ['{arch}.rope.scaling.yarn_ext_factor', 'f32', rope('extrapolation_factor'), scaled('yarn')],
  ['{arch}.rope.scaling.yarn_attn_factor', 'f32', rope('attention_factor', 'attn_factor'), scaled('yarn')],
  ['{arch}.rope.scaling.yarn_beta_fast', 'f32', rope('beta_fast'), scaled('yarn')],
  ['{arch}.rope.scaling.yarn_beta_slow', 'f32', rope('beta_slow'), scaled('yarn')],
  ['{arch}.rope.dimension_sections', 'i32[]', { derive: 'mrope_sections' }],
  ['{arch}.rope.freq_base', 'f32', rope('rope_theta')],
  ['{arch}.rope.freq_base_swa', 'f32', { fields: ['rope_theta'], of: 'rope_sliding' }],
  ['{arch}.attention.layer_norm_rms_epsilon', 'f32', fields('rms_norm_eps', 'norm_eps')],
  ['{arch}.attention.layer_norm_epsilon', 'f32', fields('layer_norm_eps', 'layer_norm_epsilon', 'norm_epsilon')],
  count('expert_count', 'num_local_experts', 'num_experts', 'n_routed_experts'),
  count('expert_used_count', 'num_experts_per_tok', 'num_experts_per_token', 'top_k_experts'),
  count('expert_group_count', 'n_group'),
  count('expert_group_used_count', 'topk_group'),
  ['{arch}.expert_gating_func', 'u32', { derive: 'expert_gating_func' }],
  count('attention.key_length', 'head_dim'),
  count('attention.value_length', 'head_dim'),
  FILE_TYPE,
];

/** An equal share of the width for each head, whatever `head_dim` says. */
export const EQUAL_SHARE: Value = { math: 'quotient', of: [fields('hidden_size'), fields('num_attention_heads')] };

/** Which layers attend within a window, by their types. */
export const LAYER_WINDOWS = [
  '{arch}.attention.sliding_window_pattern',
  'bool[]',
  { layers: { list: { fields: ['layer_types'] }, is: 'sliding_attention' } },
] as const satisfies KeyRow;

/** A key of one field that has to be there, under one of some names. */
export function needed(key: string, type: KeyType, ...names: string[]): KeyRow {
  return [`{arch}.${key}`, type, { fields: names, required: true }];
}

/** `keyList` for keys of one type, which the words leave out. */
export function keyRows(type: KeyType, words: string): readonly KeyRow[] {
  return keyList(words.replaceAll('=', `:${type}=`));
}

/** A key that is written where its field is neither null nor missing, false, 0 or empty. */
export function whereSet(key: string, type: KeyType, field: string): KeyRow {
  return [`{arch}.${key}`, type, fields(field), { set: fields(field) }];
}

/** Rows without those of some keys. */
export function without(keys: readonly KeyRow[], ...names: string[]): readonly KeyRow[] {
  return keys.filter(([key]) => !names.includes(key.replace('{arch}.', '')));
}

/** Rows with others in the places of those with the same keys; rows for other keys follow. */
export function revised(keys: readonly KeyRow[], ...by: readonly KeyRow[]): readonly KeyRow[] {
  const more = by.filter(([key]) => !keys.some(([own]) => own === key));
  return [...keys.map((own) => by.find(([key]) => key === own[0]) ?? own), ...more];
}

/** A feed-forward part four times as wide as the model. */
export function fourTimes(...names: string[]): KeyRow {
  return ['{arch}.feed_forward_length', 'u32', math('mul', { fields: names, required: true }, 4)];
}

/**
 * Keys in short: `key=field|other` for one of some fields that has to be there, `key=field?8` where another value stands
 * in for it, `key=field?` where none does, `key=@head_dim` for a derivation, `key=1` for a number, `block_count` and `file_type` as all models have
 * them. A field may be within a part, as in `rope/rope_theta`, and a key may have a type, as in `rope.freq_base:f32=...`.
 */
export function keyList(text: string): readonly KeyRow[] {
  return text
    .trim()
    .split(/\s+/)
    .map((word) => {
      const [, key = '', type = 'u32|i32[]', from = ''] = /^([^:=]+)(?::([^=]+))?=?(.*)$/.exec(word) ?? [];
      return WELL_KNOWN[word] ?? [`{arch}.${key}`, type as KeyType, readValue(from)];
    });
}

const WELL_KNOWN: Readonly<Record<string, KeyRow>> = { block_count: BLOCK_COUNT, file_type: FILE_TYPE };

function readValue(text: string): Value {
  const [names = '', or] = text.split('?');
  const [name = '', part] = names.split('/').reverse();
  if (/^[\d.e-]+$/.test(text) || text.startsWith('@')) {
    return text.startsWith('@') ? { derive: text.slice(1) as DerivationName } : { value: Number(text) };
  }
  const of = part?.startsWith('rope') ? (part as PartName) : part && [part];
  return {
    ...{ fields: name.split('|'), ...(of && { of }) },
    ...(or === undefined ? { required: true as const } : or === '' ? {} : { or: Number(or) }),
  };
}

/** Arithmetic with values and numbers. */
export function math(name: MathName, ...of: readonly (Value | number)[]): Value {
  return { math: name, of: of.map((each) => (typeof each === 'number' ? { value: each } : each)) };
}

/** The whole number below. */
export const whole = (value: Value): Value => math('quotient', value, 1);
