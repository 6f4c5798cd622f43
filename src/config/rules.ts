import { isObject, type Json } from '../json.js';
import { MAX_BLOCKS } from '../limits.js';

/** A configuration while it is worked out. */
export type Draft = Record<string, Json | undefined>;
/** One step of a configuration class's constructor: sets the fields that follow from others. */
export type Rule = (fields: Draft) => void;

/** Where transformers raises, so that the reference reads config.json as it stands. */
export class Refused extends Error {}

function whole(fields: Draft, name: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) {
    throw new Refused(name);
  }
  return value;
}

function divisor(fields: Draft, name: string): number {
  const value = whole(fields, name);
  if (value === 0) {
    throw new Refused(name);
  }
  return value;
}

function isMissing(value: Json | undefined): value is null | undefined {
  return value === null || value === undefined;
}

export function kvHeads(fields: Draft): void {
  if (isMissing(fields.num_key_value_heads)) {
    fields.num_key_value_heads = fields.num_attention_heads;
  }
}

export function headDim(fields: Draft): void {
  if (isMissing(fields.head_dim)) {
    fields.head_dim = Math.floor(whole(fields, 'hidden_size') / divisor(fields, 'num_attention_heads'));
  }
}

/** Without `use_sliding_window` there is no window, whatever `sliding_window` says. */
export function slidingWindow(fields: Draft): void {
  if (!fields.use_sliding_window) {
    fields.sliding_window = null;
  }
}

/** What `modeling_rope_utils.py` asks of each type of `rope_scaling`, besides the type. */
const ROPE_KEYS = new Map<string, readonly string[]>([
  ['default', []],
  ['linear', ['factor']],
  ['dynamic', ['factor']],
  ['yarn', ['factor']],
  ['longrope', ['short_factor', 'long_factor']],
  ['llama3', ['factor', 'original_max_position_embeddings', 'low_freq_factor', 'high_freq_factor']],
]);

/** `type` is the old name of `rope_type`, and wins over it. */
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
  const type = rope.rope_type === undefined ? 'default' : rope.rope_type;
  const keys = typeof type === 'string' ? ROPE_KEYS.get(type) : undefined;
  if (keys?.some((key) => rope[key] === undefined) || (keys && rope.rope_type === undefined)) {
    throw new Refused('rope_scaling');
  }
}

/** 1 where a layer rotates: all but each `no_rope_layer_interval`th. */
export function noRopeLayers(fields: Draft): void {
  if (isMissing(fields.no_rope_layers)) {
    const interval = divisor(fields, 'no_rope_layer_interval');
    fields.no_rope_layers = perLayer(fields, (layer) => ((layer + 1) % interval === 0 ? 0 : 1));
  }
}

/** A window slides over layers from `max_window_layers` on, or where `no_rope_layers` has a 0, or over all. */
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

/** One known type for each layer. */
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

function perLayer<T>(fields: Draft, make: (layer: number) => T): T[] {
  return Array.from({ length: whole(fields, 'num_hidden_layers', MAX_BLOCKS) }, (_, layer) => make(layer));
}
