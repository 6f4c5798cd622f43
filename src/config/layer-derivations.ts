import { isObject, type Json } from '../json.js';
import type { Config } from './config.js';
import { blockCount } from './derive.js';
import type { Facts } from './facts.js';
import { array, ConfigFieldError, integer, optionalArray, optionalIntegers, optionalString } from './fields.js';
import type { Derived, Known } from './known.js';

/** What differs from layer to layer. */
export const LAYER_DERIVATIONS = {
  /** ref-quirk: `Exaone4Model.set_gguf_parameters` in conversion/exaone.py. */
  repeated_windows: ({ config }) => repeatedWindows(config),
  leading_dense_layers: ({ config }) => leadingDense(config),
  /** For each block, 1 if its layer attends within a window; blocks without a type do not. */
  padded_windows: ({ config }) => padded(config, 'layer_types', (type) => Number(type === 'sliding_attention')) ?? [],
  swiglu_limits: ({ config }) => padded(config, 'swiglu_limits', Number),
  shared_swiglu_limits: ({ config }) => padded(config, 'swiglu_limits_shared', Number),
  step_dense_layers: ({ config }) => firstExpertLayer(config),
  step_rotary_factors_fit: ({ config }) => stepFactorsFit(config),
  /** How many tokens the tokenizer has beside added ones. */
  own_token_count: ({ facts }) => ownTokens(facts),
  /** For each layer, the rows of the matrix that makes its gates. */
  laguna_gate_widths: ({ config }) => lagunaGateWidths(config),
  laguna_gates_declared: ({ config }) => lagunaGatesDeclared(config),
} as const satisfies Record<string, (known: Known) => Derived>;

/** A window in the layers that a pattern such as LLLG has an L for, or in all but every so many. */
function repeatedWindows(config: Config): readonly number[] | undefined {
  const { sliding_window_pattern: pattern } = config.hparams;
  const layers = Array.from({ length: blockCount(config) }, (_, i) => i);
  if (typeof pattern === 'string' && pattern.length > 0) {
    return layers.map((i) => Number(pattern[i % pattern.length] === 'L'));
  }
  return typeof pattern === 'number' && pattern > 0 ? layers.map((i) => Number((i + 1) % pattern !== 0)) : undefined;
}

/** The layers before the first one with experts. */
function leadingDense(config: Config): number {
  const kinds = array(config, 'mlp_layer_types', 'moe_layer_freq');
  const first = kinds.findIndex((kind) => kind !== 'dense' && kind !== 0);
  return first === -1 ? kinds.length : first;
}

/** A list with an element for each block: 0 where config.json has none. */
function padded(config: Config, field: string, of: (element: Json) => number): readonly number[] | undefined {
  const list = optionalArray(config, field);
  return list && Array.from({ length: blockCount(config) }, (_, i) => of(list[i] ?? null));
}

function firstExpertLayer(config: Config): number {
  const layers = (optionalString(config, 'moe_layers_enum') ?? '').trim();
  const numbers = layers === '' ? [0] : layers.split(',').map(Number);
  if (!numbers.every(Number.isSafeInteger)) {
    throw new ConfigFieldError('moe_layers_enum in config.json has something else than numbers of layers.');
  }
  return Math.max(0, Math.min(...numbers));
}

/** Whether all dimensions are rotated in layers with a window, and half of them in the others. */
function stepFactorsFit(config: Config): boolean {
  const factors = optionalArray(config, 'partial_rotary_factors') ?? [];
  const types = optionalArray(config, 'layer_types') ?? [];
  return Array.from({ length: blockCount(config) }, (_, i) => i).every(
    (i) => (factors[i] ?? 0.5) === (types[i] === 'sliding_attention' ? 1 : 0.5),
  );
}

function lagunaGates({ gating, gating_types: types }: Config['hparams']): readonly string[] {
  const all = Array.isArray(types) && types.length > 0 ? types : [gating === true ? 'per_head' : (gating ?? null)];
  return all.map((type) => String(type).replaceAll('-', '_'));
}

function lagunaGateWidths(config: Config): readonly number[] {
  const heads = optionalIntegers(config, 'num_attention_heads_per_layer') ?? [];
  const gates = lagunaGates(config.hparams);
  return Array.from({ length: blockCount(config) }, (_, i) => {
    const size = (gates[i] ?? gates[0]) === 'per_element' ? integer(config, 'head_dim') : 1;
    return size * (heads[i] ?? integer(config, 'num_attention_heads'));
  });
}

/**
 * Whether config.json says which gates attention has, in the field that all runtimes read. ref-quirk:
 * `_attn_gate_types` in conversion/laguna.py.
 */
function lagunaGatesDeclared({ hparams }: Config): boolean {
  const { gating } = hparams;
  const names = lagunaGates(hparams);
  return (
    names.every((name) => name === 'per_head' || name === 'per_element') &&
    (!names.includes('per_element') || gating === 'per-element' || gating === 'per_element')
  );
}

function ownTokens(facts: Facts): number | undefined {
  const tokenizer = facts.json('tokenizer.json');
  const vocab = isObject(tokenizer?.model) ? tokenizer.model.vocab : undefined;
  return isObject(vocab) ? Object.keys(vocab).length : undefined;
}
