import type { KeyValues } from '../gguf/key-values.js';
import type { GgufValue } from '../gguf/types.js';

/**
 * `general.*` of a file, apart from what describes the file itself (architecture, file type, quantization version).
 * Keys and their order: `Metadata.set_gguf_meta_model` of gguf-py.
 */
export interface Metadata {
  sampling: Partial<Record<SamplingKey, string | number>>;
  texts: Partial<Record<TextKey, string>>;
  baseModels?: readonly Reference[];
  datasets?: readonly Reference[];
  tags?: GgufValue;
  languages?: GgufValue;
}

/** A model or data set that this one was made from. */
export type Reference = Partial<Record<(typeof REFERENCE_KEYS)[number], string>>;

/** `general.sampling.<key>` → its type, and its names in generation_config.json, the first one there wins. */
export const SAMPLING = {
  sequence: ['string', 'sequence'],
  top_k: ['i32', 'top_k'],
  top_p: ['f32', 'top_p'],
  min_p: ['f32', 'min_p'],
  xtc_probability: ['f32', 'xtc_probability'],
  xtc_threshold: ['f32', 'xtc_threshold'],
  temp: ['f32', 'temperature'],
  penalty_last_n: ['i32', 'penalty_last_n'],
  penalty_repeat: ['f32', 'penalty_repeat', 'repetition_penalty'],
  mirostat: ['i32', 'mirostat'],
  mirostat_tau: ['f32', 'mirostat_tau'],
  mirostat_eta: ['f32', 'mirostat_eta'],
} as const satisfies Record<string, readonly ['string' | 'i32' | 'f32', ...string[]]>;

export type SamplingKey = keyof typeof SAMPLING;
export const SAMPLING_KEYS = Object.keys(SAMPLING) as SamplingKey[];

/** The strings, without `general.`. */
export const STRING_KEYS = [
  'name',
  'author',
  'version',
  'organization',
  'finetune',
  'basename',
  'description',
  'quantized_by',
  'size_label',
  'license',
  'license.name',
  'license.link',
  'url',
  'doi',
  'uuid',
  'repo_url',
  'source.url',
  'source.doi',
  'source.uuid',
  'source.repo_url',
] as const;

export type TextKey = (typeof STRING_KEYS)[number];

export const REFERENCE_KEYS = [
  'name',
  'author',
  'version',
  'organization',
  'description',
  'url',
  'doi',
  'uuid',
  'repo_url',
] as const;

/** Writes `general.type` and the metadata; like the reference, no empty string and no empty array. */
export function writeMetadata(metadata: Metadata, kv: KeyValues, type: 'model' | 'mmproj' | 'adapter' = 'model'): void {
  kv.string('general.type', type);
  for (const key of SAMPLING_KEYS) {
    const value = metadata.sampling[key];
    if (value !== undefined && value !== '') {
      kv.scalar(`general.sampling.${key}`, SAMPLING[key][0], value);
    }
  }
  writeTexts('general', STRING_KEYS, metadata.texts, kv);
  writeReferences('general.base_model', metadata.baseModels, kv);
  writeReferences('general.dataset', metadata.datasets, kv);
  for (const key of ['tags', 'languages'] as const) {
    const value = metadata[key];
    if (value) {
      kv.set(`general.${key}`, value);
    }
  }
}

function writeReferences(prefix: string, references: readonly Reference[] | undefined, kv: KeyValues): void {
  if (references) {
    kv.u32(`${prefix}.count`, references.length);
    references.forEach((reference, index) => {
      writeTexts(`${prefix}.${index}`, REFERENCE_KEYS, reference, kv);
    });
  }
}

function writeTexts<K extends string>(
  prefix: string,
  keys: readonly K[],
  texts: Partial<Record<K, string>>,
  kv: KeyValues,
): void {
  for (const key of keys) {
    const text = texts[key];
    if (text) {
      kv.string(`${prefix}.${key}`, text);
    }
  }
}
