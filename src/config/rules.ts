import { isObject, type Json, type JsonObject } from '../json.js';
import { MAX_BLOCKS } from '../limits.js';
import type { Version } from './common-defaults.js';
import { equalShare } from './derive.js';

/** A configuration under construction. */
export type Draft = Record<string, Json | undefined>;
/** What a rule may read of its class. */
export interface Type {
  /** The version that the class is recorded with. */
  readonly version: Version;
  /** The class's defaults. */
  readonly fields: JsonObject;
}
/** One step of a configuration class's constructor. It sets fields that follow from others, or checks fields. */
export type Rule = (fields: Draft, type: Type) => void;

/**
 * Thrown where transformers raises an error. ref-quirk: `load_hparams` in conversion/base.py then uses config.json as
 * it is.
 */
export class Refused extends Error {}

/** Reads a whole number. @throws Refused where the field is no whole number from 0 to `max` */
export function whole(fields: Draft, name: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) {
    throw new Refused(name);
  }
  return value;
}

/** Reads a whole number to divide by. @throws Refused where `whole` does, and for 0 */
export function divisor(fields: Draft, name: string): number {
  const value = whole(fields, name);
  if (value === 0) {
    throw new Refused(name);
  }
  return value;
}

/** Whether a field is missing or null. */
export function isMissing(value: Json | undefined): value is null | undefined {
  return value === null || value === undefined;
}

/** Derives a field that is missing or null. */
export function missing(name: string, derive: (fields: Draft) => Json): Rule {
  return (fields) => {
    if (isMissing(fields[name])) {
      fields[name] = derive(fields);
    }
  };
}

/** Copies another field to a field that is missing or null. */
export function copied(name: string, from: string): Rule {
  return (fields) => {
    if (isMissing(fields[name])) {
      fields[name] = fields[from];
    }
  };
}

/** Replaces a field by another one, if config.json has that. */
export function overridden(name: string, by: string): Rule {
  return (fields) => {
    if (!isMissing(fields[by])) {
      fields[name] = fields[by];
    }
  };
}

/** Drops fields that the constructor takes but does not keep. */
export function dropped(...names: readonly string[]): Rule {
  return (fields) => {
    for (const name of names) {
      delete fields[name];
    }
  };
}

/** Derives a missing list with one kind for each layer. */
export function kinds(name: string, kind: (layer: number, fields: Draft) => Json): Rule {
  return missing(name, (fields) => perLayer(fields, (layer) => kind(layer, fields)));
}

/**
 * Derives missing `layer_types`: every `period`th layer is of kind `nth`, all others of kind `others`.
 * @param field has another period, if config.json has the field.
 */
export function periodic(period: number, nth: string, others: string, field?: string): Rule {
  return missing('layer_types', (fields) => {
    const given = field !== undefined && fields[field] !== undefined ? divisor(fields, field) : period;
    return perLayer(fields, (layer) => ((layer + 1) % given === 0 ? nth : others));
  });
}

/** Derives missing `num_key_value_heads`: as many as query heads. */
export function fillKvHeads(fields: Draft): void {
  if (isMissing(fields.num_key_value_heads)) {
    fields.num_key_value_heads = fields.num_attention_heads;
  }
}

/** Derives a missing `head_dim`: an equal share of the hidden size. */
export function fillHeadDim(fields: Draft): void {
  if (isMissing(fields.head_dim)) {
    fields.head_dim = equalShare(whole(fields, 'hidden_size'), divisor(fields, 'num_attention_heads'));
  }
}

/** Clears `sliding_window` unless `use_sliding_window` is set. */
export function slidingWindow(fields: Draft): void {
  if (!fields.use_sliding_window) {
    fields.sliding_window = null;
  }
}

/** The keys that transformers' `modeling_rope_utils.py` requires for each type of `rope_scaling`, beside the type. */
const ROPE_KEYS = new Map<string, readonly string[]>([
  ['default', []],
  ['linear', ['factor']],
  ['dynamic', ['factor']],
  ['yarn', ['factor']],
  ['longrope', ['short_factor', 'long_factor']],
  ['llama3', ['factor', 'original_max_position_embeddings', 'low_freq_factor', 'high_freq_factor']],
]);

/** Checks `rope_scaling`. `type` is the old name of `rope_type`, and wins over it. */
export function ropeScaling(fields: Draft): void {
  let rope = fields.rope_scaling;
  if (isMissing(rope)) {
    return;
  }
  if (!isObject(rope)) {
    throw new Refused('rope_scaling');
  }
  if (rope.type !== undefined) {
    rope = { ...rope, rope_type: rope.type };
    fields.rope_scaling = rope;
  }
  if (rope.rope_type === undefined) {
    throw new Refused('rope_scaling');
  }
  checkRopeKeys(rope.rope_type, rope);
}

/** Checks the keys of a type of scaling. An unknown type may have any keys. */
export function checkRopeKeys(type: Json | undefined, rope: JsonObject): void {
  const keys = typeof type === 'string' ? ROPE_KEYS.get(type) : undefined;
  if (keys?.some((key) => rope[key] === undefined)) {
    throw new Refused('rope_scaling');
  }
}

/** Derives missing `no_rope_layers`: 0 for every `no_rope_layer_interval`th layer, which does not rotate, else 1. */
export function noRopeLayers(fields: Draft): void {
  if (isMissing(fields.no_rope_layers)) {
    const interval = divisor(fields, 'no_rope_layer_interval');
    fields.no_rope_layers = perLayer(fields, (layer) => ((layer + 1) % interval === 0 ? 0 : 1));
  }
}

/**
 * Derives missing `layer_types`. Without a sliding window all layers have full attention. With one, the layers with a 0
 * in `no_rope_layers` have sliding attention, or else the layers from `max_window_layers` on.
 */
export function layerTypes(fields: Draft): void {
  if (isMissing(fields.layer_types)) {
    const first = typeof fields.max_window_layers === 'number' ? fields.max_window_layers : 0;
    const ropes = fields.no_rope_layers;
    const window = fields.use_sliding_window !== false && !isMissing(fields.sliding_window);
    fields.layer_types = perLayer(fields, (layer) =>
      window && (Array.isArray(ropes) ? !ropes[layer] : layer >= first) ? 'sliding_attention' : 'full_attention',
    );
  }
}

const LAYER_TYPES: ReadonlySet<Json> = new Set([
  'full_attention',
  'sliding_attention',
  'chunked_attention',
  'linear_attention',
]);

/** Checks that `layer_types` has one known type for each layer. */
export function checkLayerTypes(fields: Draft): void {
  const types = fields.layer_types;
  if (
    !Array.isArray(types) ||
    types.length !== fields.num_hidden_layers ||
    types.some((type) => !LAYER_TYPES.has(type))
  ) {
    throw new Refused('layer_types');
  }
}

/** Makes a list with one element for each layer. @throws Refused for more than MAX_BLOCKS layers */
export function perLayer<T>(fields: Draft, make: (layer: number) => T): T[] {
  return Array.from({ length: whole(fields, 'num_hidden_layers', MAX_BLOCKS) }, (_, layer) => make(layer));
}
