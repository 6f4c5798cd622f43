import type { CountName } from '../config/derivations.js';
import type { Condition, KeyRow, Mtp, TensorRule, Transform, Value } from './architecture.js';
import { named } from './tensor-names.js';

/** Rules that families compose their tables of. */

/** Rows of keys that are written under one more condition. */
export function under(condition: Condition, rows: readonly KeyRow[]): readonly KeyRow[] {
  return rows.map(([key, type, from, when]) => [key, type, from, when ? { all: [condition, when] } : condition]);
}

/** A tensor whose name changes, and its bias with it. */
export function rename(to: string, ...from: string[]): TensorRule {
  return { from: from.map((name) => `${name}.*`), to: `${to}.*` };
}

/**
 * A tensor of each block.
 * @param names what it is called within a block.
 */
export function block(to: string, names: readonly string[], ...via: Transform[]): TensorRule {
  const rule = rename(`blk.{b}.${to}`, ...names.map((name) => `{L}.${name}`));
  return via.length > 0 ? { ...rule, via } : rule;
}

/**
 * The experts of a block, stacked, and written together when the last of them has come.
 * @param path of an expert within a block, with `{p}` for its projection.
 * @param order the projections with their names in the file, in the order in which the family writes them.
 */
export function experts(path: string, order: readonly (readonly [projection: string, to: string])[]): TensorRule[] {
  const each: CountName = 'expert_count';
  return order.map(([projection, to]) => ({
    ...block(to, [path.replace('{p}', projection)]),
    ...{ each, group: 'experts' },
  }));
}

/** Rules that are none where a condition does not hold. */
export function given(when: Condition, rules: readonly TensorRule[]): TensorRule[] {
  return rules.map((rule) => ({ ...rule, when }));
}

/** Rules for tensors and their biases, of which the biases are not written; there are none unless a condition holds. */
export function withoutBiases(rules: readonly TensorRule[], when: Condition): TensorRule[] {
  const ending = (end: string, names: readonly string[] = []) => names.map((name) => name.replace(/\.\*$/, end));
  return rules.flatMap((rule) => [
    { ...rule, from: ending('.weight', rule.from), to: (rule.to ?? '').replace(/\*$/, 'weight') },
    { from: ending('.bias', rule.from), when },
  ]);
}

/**
 * The output, which is left out where config.json ties it to the embedding.
 * @param heads the names whose tensor is a copy then.
 */
export function tied(to: string, ...heads: string[]): TensorRule[] {
  const isTied: Condition = { set: { fields: ['tie_word_embeddings'] } };
  return [...given({ not: isTied }, named(to)), { from: heads, when: isTied }];
}

/** The order in which most families write their experts' projections. */
export const DOWN_GATE_UP = [
  ['down_proj', 'ffn_down_exps'],
  ['gate_proj', 'ffn_gate_exps'],
  ['up_proj', 'ffn_up_exps'],
] as const;

export const GATE_UP_DOWN = [DOWN_GATE_UP[1], DOWN_GATE_UP[2], DOWN_GATE_UP[0]] as const;

/** The order of experts that are named as Mixtral's. */
export const W123 = [
  ['w1', 'ffn_gate_exps'],
  ['w2', 'ffn_down_exps'],
  ['w3', 'ffn_up_exps'],
] as const;

/**
 * The experts of a block where the checkpoint has all of them in one tensor: `down_proj` `[experts, size, own]` and
 * `gate_up_proj` `[experts, 2 * own, size]`, of which the first half is the gate's.
 * @param path of the experts within a block.
 */
export function stackedExperts(path: string): readonly TensorRule[] {
  const named = (name: string) => [`{L}.${path}.${name}`, `{L}.${path}.${name}.weight`];
  const half = (i: number): readonly Transform[] => [
    ['chunk', 1, 2],
    ['take', i],
  ];
  return [
    { from: named('down_proj'), to: 'blk.{b}.ffn_down_exps.weight' },
    { from: named('gate_up_proj'), to: 'blk.{b}.ffn_gate_exps.weight', via: half(0) },
    { from: named('gate_up_proj'), to: 'blk.{b}.ffn_up_exps.weight', via: half(1) },
  ];
}

/** The tensors of a dense decoder, by their names in GGUF. */
export const DENSE =
  'token_embd output_norm output attn_norm attn_q attn_k attn_v attn_output ffn_norm ffn_gate ffn_up ffn_down';

/** Multi-token prediction as most families have it: more blocks of `model.layers`, which config.json counts. */
export const NEXTN = {
  blocks: { fields: ['num_nextn_predict_layers'] },
  keep: ['model.embed_tokens.weight', 'model.norm.weight', 'lm_head.weight'],
} as const satisfies Mtp;

/** Holds where blocks for multi-token prediction are not left out. */
export const WITH_MTP: Condition = { derive: 'mtp', is: ['with', 'only'] };

/** The number of these blocks, written where config.json has the field. */
export const NEXTN_KEY: KeyRow = ['{arch}.nextn_predict_layers', 'u32', NEXTN.blocks, WITH_MTP];

/** The same where a 0 counts as no field. */
export const NEXTN_IF_ANY: KeyRow = [
  ...(['{arch}.nextn_predict_layers', 'u32', NEXTN.blocks] as const),
  { all: [WITH_MTP, { set: NEXTN.blocks }] },
];

/** How many of them are converted. */
export const MTP_BLOCKS: Value = { math: 'sub', of: [{ derive: 'block_count' }, { derive: 'main_block_count' }] };

/** Their tensors beside those of other blocks. */
export const NEXTN_TENSORS =
  'nextn.eh_proj nextn.embed_tokens nextn.enorm nextn.hnorm nextn.shared_head_head nextn.shared_head_norm';

/** What Llama's kin does to queries and keys: transformers keeps the halves of a head's rotary dimensions apart. */
export const ROTARY = {
  attn_q: [['rotary', 'head_count']],
  attn_k: [['rotary', 'kv_head_count']],
} as const satisfies Readonly<Record<string, readonly Transform[]>>;

/** Attention sinks, whose name has no `.weight`. */
export const SINKS: TensorRule = {
  from: ['{L}.self_attn.sinks', '{L}.self_attn.sinks.weight'],
  to: 'blk.{b}.attn_sinks.weight',
};

/** Beginnings of the names of encoders, projectors and speech parts. */
const OTHER_BEGINNINGS = [
  'mlp',
  'vit.',
  'vpm.',
  'siglip2.',
  'conformer.',
  'merger.',
  'resampler.',
  'sound_encoder.',
  'sound_projection.',
  'speech_embeddings.',
];

/** Parts of such names. */
const OTHER_PARTS = [
  'visual.',
  'vision.',
  'audio.',
  'talker.',
  'vision_',
  'audio_',
  'token2wav.',
  'code2wav.',
  'projector.',
  'pre_mm_projector_norm',
  'image_newline',
  'view_seperator',
  'patch_embed',
  'patch_merger.',
  'patch_merge_mlp.',
  'model.connector.',
];

/** What blocks' names begin with in the checkpoints of all families. */
const BLOCKS =
  'model.layers.{b} layers.{b} transformer.h.{b} h.{b} gpt_neox.layers.{b} transformer.layers.{b} ' +
  'transformer.blocks.{b} model.transformer.blocks.{b} model.blocks.{b} model.layers.layers.{b} model.layers.h.{b} ' +
  'backbone.layers.{b} encoder.layers.{b} encoder.layer.{b} transformer.layer.{b} transformer_encoder.{b} ' +
  'transformer.decoder_layer.{b} rwkv.blocks.{b}';

/**
 * What text models have in common beside their tensors: `filter_tensors` and `prepare_tensors` of conversion/base.py. A
 * language model within another is taken out of it; buffers are what models recompute.
 */
export const TEXT_MODEL = {
  blocks: BLOCKS.split(' '),
  strip: [],
  unwrap: ['language_model.'],
  rename: [['e_score_correction_bias', 'e_score_correction.bias']],
  ignore: [...OTHER_BEGINNINGS.map((begin) => `${begin}*`), ...OTHER_PARTS.map((part) => `*${part}*`)],
  drop: ['*.attention.masked_bias', '*.attention.bias', '*.rotary_emb.inv_freq'],
} as const;
