import { isObject, type Json, type JsonObject } from '../json.js';
import { MAX_BLOCKS } from '../limits.js';
import { equalShare, times } from './derive.js';

/** The versions of transformers that are recorded: 4 is 4.57.6, and 5 is 5.23.0 for types that 4.57.6 does not have. */
export type Version = 4 | 5;
/** A configuration under construction. */
export type Draft = Record<string, Json | undefined>;
/** What a rule may read of its class: the version that the class is recorded with, and its defaults. */
export interface Type {
  readonly version: Version;
  readonly fields: JsonObject;
}
/** One step of a configuration class's constructor. It sets fields that follow from others, or checks fields. */
export type Rule = (fields: Draft, type: Type) => void;

/**
 * Thrown where transformers raises an error. ref-quirk: `load_hparams` in conversion/base.py then uses config.json as
 * it is.
 */
export class Refused extends Error {}

/** @throws Refused always */
export function refused(field: string): never {
  throw new Refused(field);
}

/** Reads a whole number. @throws Refused where the field is no whole number from 0 to `max` */
export function whole(fields: Draft, name: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = fields[name];
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max ? value : refused(name);
}

/** Reads a whole number to divide by. @throws Refused where `whole` does, and for 0 */
export const divisor = (fields: Draft, name: string): number => whole(fields, name) || refused(name);

/** Whether a field is missing or null. */
export const isMissing = (value: Json | undefined): value is null | undefined => value === null || value === undefined;

/** Makes a list with one element for each layer. @throws Refused for more than MAX_BLOCKS layers */
export const perLayer = <T>(fields: Draft, make: (layer: number) => T): T[] =>
  times(whole(fields, 'num_hidden_layers', MAX_BLOCKS), make);

const filled =
  (isOpen: (value: Json | undefined) => boolean) =>
  (name: string, derive: (fields: Draft) => Json | undefined): Rule =>
  (fields) => {
    if (isOpen(fields[name])) {
      fields[name] = derive(fields);
    }
  };

/** Derives a field that is missing or null. */
export const missing = filled(isMissing);
/** Derives a field that is missing or `auto`. */
export const automatic = filled((value) => value === undefined || value === 'auto');
/** Derives a field, whatever config.json has. */
export const set = filled(() => true);

/** Copies another field to a field that is missing or null. */
export const copied = (name: string, from: string): Rule => missing(name, (fields) => fields[from]);

/** Replaces a field by another one, if config.json has that. */
export const overridden =
  (name: string, by: string): Rule =>
  (fields) => {
    if (!isMissing(fields[by])) {
      fields[name] = fields[by];
    }
  };

/** Drops fields that the constructor takes but does not keep. */
export const dropped =
  (...names: readonly string[]): Rule =>
  (fields) => {
    for (const name of names) {
      delete fields[name];
    }
  };

/** Derives a missing list with one kind for each layer. */
export const kinds = (name: string, kind: (layer: number, fields: Draft) => Json): Rule =>
  missing(name, (fields) => perLayer(fields, (layer) => kind(layer, fields)));

/**
 * Derives missing `layer_types`: every `period`th layer is of kind `nth`, all others of kind `others`.
 * @param field has another period, if config.json has the field.
 */
export const periodic = (period: number, nth: string, others: string, field?: string): Rule =>
  missing('layer_types', (fields) => {
    const given = field !== undefined && fields[field] !== undefined ? divisor(fields, field) : period;
    return perLayer(fields, (layer) => ((layer + 1) % given === 0 ? nth : others));
  });

/** An equal share of the dimensions in one field for each of the heads in another. */
export const share =
  (size: string, heads: string) =>
  (fields: Draft): number =>
    equalShare(whole(fields, size), divisor(fields, heads));

/** Missing `num_key_value_heads`: as many as query heads. */
export const kvHeads: Rule = copied('num_key_value_heads', 'num_attention_heads');
/** A missing `head_dim`: an equal share of the hidden size. */
export const headDim: Rule = missing('head_dim', share('hidden_size', 'num_attention_heads'));
/** Clears `sliding_window` unless `use_sliding_window` is set. */
export const slidingWindow: Rule = (fields) => {
  if (!fields.use_sliding_window) {
    fields.sliding_window = null;
  }
};

/** The keys that transformers' `modeling_rope_utils.py` requires for each type of `rope_scaling`, beside the type. */
const ROPE_KEYS: ReadonlyMap<Json | undefined, readonly string[]> = new Map([
  ['linear', ['factor']],
  ['dynamic', ['factor']],
  ['yarn', ['factor']],
  ['longrope', ['short_factor', 'long_factor']],
  ['llama3', ['factor', 'original_max_position_embeddings', 'low_freq_factor', 'high_freq_factor']],
]);

/** Checks the keys of a type of scaling. An unknown type may have any keys. */
export function checkRopeKeys(type: Json | undefined, rope: JsonObject): void {
  if (ROPE_KEYS.get(type)?.some((key) => rope[key] === undefined)) {
    refused('rope_scaling');
  }
}

/** Checks `rope_scaling`. `type` is the old name of `rope_type`, and wins over it. */
export const ropeScaling: Rule = (fields) => {
  const given = fields.rope_scaling;
  if (isMissing(given)) {
    return;
  }
  const rope = isObject(given) ? given : refused('rope_scaling');
  const named = rope.type === undefined ? rope : { ...rope, rope_type: rope.type };
  fields.rope_scaling = named;
  checkRopeKeys(named.rope_type === undefined ? refused('rope_scaling') : named.rope_type, named);
};

/** Missing `no_rope_layers`: 0 for every `no_rope_layer_interval`th layer, which does not rotate, else 1. */
export const noRopeLayers: Rule = missing('no_rope_layers', (fields) => {
  const interval = divisor(fields, 'no_rope_layer_interval');
  return perLayer(fields, (layer) => ((layer + 1) % interval === 0 ? 0 : 1));
});

/**
 * Missing `layer_types`. Without a sliding window all layers have full attention. With one, the layers with a 0 in
 * `no_rope_layers` have sliding attention, or else the layers from `max_window_layers` on.
 */
export const layerTypes: Rule = kinds('layer_types', (layer, fields) => {
  const { max_window_layers: first, no_rope_layers: ropes, use_sliding_window: use, sliding_window: window } = fields;
  const isWindowed = Array.isArray(ropes) ? !ropes[layer] : layer >= (typeof first === 'number' ? first : 0);
  return use !== false && !isMissing(window) && isWindowed ? 'sliding_attention' : 'full_attention';
});

const LAYER_TYPES: readonly Json[] = ['full', 'sliding', 'chunked', 'linear'].map((kind) => `${kind}_attention`);

/** Checks that `layer_types` has one known type for each layer. */
export const checkLayerTypes: Rule = ({ layer_types: types, num_hidden_layers: layers }) => {
  if (!Array.isArray(types) || types.length !== layers || !types.every((type) => LAYER_TYPES.includes(type))) {
    refused('layer_types');
  }
};
