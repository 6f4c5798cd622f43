import type { CountName } from '../config/derivations.js';
import type { TensorRule, Transform } from './architecture.js';

/** Rules that families compose their tables of. */

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

/** The tensors that all dense decoders share, but for queries and keys. */
export const DENSE_TENSORS: readonly TensorRule[] = [
  rename('token_embd', 'model.embed_tokens', 'embed_tokens'),
  rename('output_norm', 'model.norm', 'norm'),
  rename('output', 'lm_head', 'model.lm_head'),
  block('attn_norm', ['input_layernorm', 'pre_attention_layernorm']),
  block('attn_v', ['self_attn.v_proj']),
  block('attn_output', ['self_attn.o_proj']),
  block('ffn_norm', ['post_attention_layernorm', 'pre_mlp_layernorm']),
  block('ffn_gate', ['mlp.gate_proj']),
  block('ffn_up', ['mlp.up_proj']),
  block('ffn_down', ['mlp.down_proj']),
];

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

/**
 * What text models have in common beside their tensors: `filter_tensors` and `prepare_tensors` of conversion/base.py. A
 * language model within another is taken out of it; buffers are what models recompute.
 */
export const TEXT_MODEL = {
  blocks: ['model.layers.{b}', 'layers.{b}'],
  strip: [],
  unwrap: ['language_model.'],
  ignore: [...OTHER_BEGINNINGS.map((begin) => `${begin}*`), ...OTHER_PARTS.map((part) => `*${part}*`)],
  drop: ['*.attention.masked_bias', '*.attention.bias', '*.rotary_emb.inv_freq'],
} as const;
