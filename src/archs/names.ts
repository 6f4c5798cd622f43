/**
 * The checkpoint's names that a text model's file gets (`filter_tensors` and `prepare_tensors` of conversion/base.py).
 */

/** Beginnings of the names of encoders, projectors and speech parts. */
const OTHER_PREFIXES = [
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

/** What models recompute. */
const BUFFERS = ['.attention.masked_bias', '.attention.bias', '.rotary_emb.inv_freq'];

/**
 * The name that an architecture's rules are looked up by, or null for a part of the checkpoint that is no text model.
 * @param strip `Architecture.strip`.
 */
export function textName(name: string, strip: readonly string[] = []): string | null {
  const stripped = strip.reduce((rest, part) => rest.replaceAll(part, ''), name);
  if (
    OTHER_PREFIXES.some((prefix) => stripped.startsWith(prefix)) ||
    OTHER_PARTS.some((part) => stripped.includes(part))
  ) {
    return null;
  }
  return stripped.replaceAll('language_model.', '');
}

/** Buffers are read with the rest, but never written. */
export function isBuffer(name: string): boolean {
  return BUFFERS.some((suffix) => name.endsWith(suffix));
}

/** A name as rules spell it: the first part that is a number becomes `{bid}`, the suffix is taken off. */
export interface NameTemplate {
  readonly template: string;
  readonly bid: number | null;
  readonly suffix: '.weight' | '.bias';
}

/** Null where the name has another suffix. */
export function templateOf(name: string): NameTemplate | null {
  const suffix = name.endsWith('.weight') ? '.weight' : name.endsWith('.bias') ? '.bias' : null;
  if (suffix === null) {
    return null;
  }
  const parts = name.slice(0, -suffix.length).split('.');
  const at = parts.findIndex((part) => /^(0|[1-9]\d{0,8})$/.test(part));
  const bid = at === -1 ? null : Number(parts[at]);
  if (at !== -1) {
    parts[at] = '{bid}';
  }
  return { template: parts.join('.'), bid, suffix };
}
