import { isObject, type Json } from '../json.js';
import { mainBlockCount, times } from '../language/blocks.js';
import {
  array,
  type FieldSource,
  integer,
  integers,
  number,
  object,
  refuse,
  show,
  string,
  strings,
} from '../language/fields.js';
import type { Config, Derivations, Known } from './config.js';
import { eachBlock, flags, headCount, kvHeadCount } from './derive.js';

/**
 * What differs from layer to layer: lists with a value for each block, and what follows from such lists. ref-quirk:
 * each as in the family's file of conversion/.
 */
export const LAYER_DERIVATIONS = {
  /** A window in the layers that a pattern such as LLLG has an L for, or in all but every so many. */
  repeated_windows({ config }) {
    const { sliding_window_pattern: pattern } = config.hparams;
    if (typeof pattern === 'string' && pattern.length > 0) {
      return flags(config, (i) => pattern[i % pattern.length] === 'L');
    }
    return typeof pattern === 'number' && pattern > 0 ? flags(config, (i) => (i + 1) % pattern !== 0) : undefined;
  },
  /** For each block, 1 if its layer attends within a window; blocks without a type do not. */
  padded_windows: ({ config }) => padded(config, 'layer_types', (type) => Number(type === 'sliding_attention')) ?? [],
  /** The window, if any layer has it and config.json has its size. */
  smallthinker_window: ({ config }) =>
    integers.optional(config, 'sliding_window_layout')?.some((layer) => layer !== 0)
      ? integer.optional(config, 'sliding_window_size') || undefined
      : undefined,
  /** Whether `layer_types` is there and names no layer with a window. */
  all_full_attention: ({ config }) =>
    array.optional(config, 'layer_types')?.every((type) => type === 'full_attention') ?? false,
  swiglu_limits: ({ config }) => padded(config, 'swiglu_limits', Number),
  shared_swiglu_limits: ({ config }) => padded(config, 'swiglu_limits_shared', Number),
  ling_swiglu_limits: ({ config }) => limits(config, 'expert_swiglu_limit_list'),
  ling_shared_swiglu_limits: ({ config }) => limits(config, 'share_expert_swiglu_limit_list'),

  /** The layers before the first one with experts. */
  leading_dense_layers: ({ config }) => leadingDense(array(config, 'mlp_layer_types', 'moe_layer_freq')),
  /** Whether config.json says of fewer layers than there are what they are. */
  lacks_layer_types: ({ config }) => (array.optional(config, 'layer_types')?.length ?? 0) < mainBlockCount(config),
  leading_dense_blocks({ config }) {
    const types = strings.optional(config, 'mlp_layer_types');
    return types ? leadingDense(types) : (integer.optional(config, 'first_k_dense_replace') ?? 0);
  },
  hy_v4_leading_dense({ config }) {
    const types = strings.optional(config, 'mlp_layer_types');
    const counted = types && leadingDense(types);
    const given = integer.optional(config, 'first_k_dense_replace');
    if (counted !== undefined && (types?.includes('dense', counted) || (given ?? counted) !== counted)) {
      refuse('mlp_layer_types in config.json does not say "dense" of the first first_k_dense_replace layers alone.');
    }
    return given ?? counted ?? integer(config, 'first_k_dense_replace');
  },
  step_dense_layers({ config }) {
    const layers = (string.optional(config, 'moe_layers_enum') ?? '').trim().split(',').map(Number);
    return layers.every(Number.isSafeInteger)
      ? Math.max(0, Math.min(...layers))
      : refuse('moe_layers_enum in config.json has something else than numbers of layers.');
  },
  /** Whether all dimensions are rotated in layers with a window, and half of them in the others. */
  step_rotary_factors_fit({ config }) {
    const factors = array.optional(config, 'partial_rotary_factors') ?? [];
    const types = array.optional(config, 'layer_types') ?? [];
    const fits = (i: number) => (factors[i] ?? 0.5) === (types[i] === 'sliding_attention' ? 1 : 0.5);
    return eachBlock(config, fits).every(Boolean);
  },

  /** For each layer, 1 if it is of attention and 0 if it is a Mamba. */
  attention_layers: ({ config }) => attentionLayers(config),
  has_mamba_layers: ({ config }) => attentionLayers(config).includes(0),
  nemotron_attention_layers: ({ config }) => nemotronLayers(config, ['*', 'attention', 'full_attention']),
  nemotron_mlp_layers: ({ config }) =>
    nemotronLayers(config, [config.hparams.num_experts_per_tok === undefined ? '-' : 'E', 'moe']),
  puzzle_feed_forward: ({ config }) => puzzleNumbers(config, 'moe_intermediate_size'),
  puzzle_experts_used: ({ config }) => puzzleNumbers(config, 'num_experts_per_tok'),
  /** One head of keys and values, the latent's, where the numbers of blocks from 1 on say so. */
  kimi_kv_heads({ config }) {
    const hparams = object.optional(config, 'linear_attn_config') ?? {};
    const full = new Set(integers({ hparams, path: 'linear_attn_config' }, 'full_attn_layers'));
    return times(mainBlockCount(config), (i) => Number(full.has(i + 1)));
  },
  /** Layers from 0 on; config.json counts from 1. */
  ple_layers: ({ config }) => integers(config, 'ple_layer_ids').map((layer) => layer - 1),
  /** Which blocks have an indexer of their own; undefined where none has. */
  hy_v4_indexers: ({ config }) => indexers(config),
  hy_v4_has_indexers: ({ config }) => indexers(config) !== undefined,

  /**
   * For each layer, which projector's output it takes, or -1. Projectors are numbered in the order of their layers; the
   * first one's output goes into the embeddings.
   */
  deepstack_mapping({ config }) {
    const pairs = array.optional(config, 'deepstack_layer_map') ?? [];
    const spatial = integers.optional(config, 'spatial_target_layers') ?? [];
    if (pairs.length === 0 && spatial.length === 0) {
      return undefined;
    }
    const mapping = eachBlock(config, () => -1);
    const deep = pairs.map((pair) => (Array.isArray(pair) ? Number(pair[1]) : Number.NaN));
    const layers = [...deep, ...spatial].map((layer) => (layer < 0 ? layer + mapping.length : layer));
    const wrong = layers.find((layer) => mapping[layer] === undefined);
    if (wrong !== undefined) {
      const fields = 'deepstack_layer_map, spatial_target_layers';
      refuse(`config.json has a projector for layer ${wrong} (${fields}), which does not exist.`);
    }
    for (const [projector, layer] of layers.sort((a, b) => a - b).entries()) {
      mapping[layer] = projector || -1;
    }
    return mapping;
  },

  /** For each layer, the rows of the matrix that makes its gates. */
  laguna_gate_widths({ config }) {
    const heads = integers.optional(config, 'num_attention_heads_per_layer') ?? [];
    const gates = lagunaGates(config);
    return eachBlock(config, (i) => {
      const size = (gates[i] ?? gates[0]) === 'per_element' ? integer(config, 'head_dim') : 1;
      return size * (heads[i] ?? integer(config, 'num_attention_heads'));
    });
  },
  /** Whether config.json says which gates attention has, in the field that all runtimes read. */
  laguna_gates_declared({ config }) {
    const { gating } = config.hparams;
    const gates = lagunaGates(config);
    const isElements = gating === 'per-element' || gating === 'per_element';
    return gates.every((gate) => gate === 'per_head' || (gate === 'per_element' && isElements));
  },

  /** Blocks with linear attention have query heads alone, those without attention none. */
  deci_heads: perDeciBlock('attention', ({ hparams }, config) =>
    (hparams.n_heads_in_group ?? null) !== null || hparams.replace_with_linear === true ? headCount(config) : 0,
  ),
  deci_kv_heads: (known) =>
    known.config.hparams.block_configs === undefined
      ? (integers.optional(known.config, 'num_key_value_heads_per_layer') ?? kvHeadCount(known.config))
      : deciKvHeads(known),
  /** Two thirds of the multiple that a block asks for, up to the next multiple of 256. */
  deci_feed_forward: perDeciBlock('ffn', ({ hparams, path }, config) => {
    const multiple = hparams.ffn_mult ?? 0;
    return typeof multiple === 'number'
      ? Math.ceil(Math.trunc((2 * multiple * integer(config, 'hidden_size')) / 3) / 256) * 256
      : refuse(`${path}.ffn_mult in config.json is ${show(multiple)}, not a number.`);
  }),
} as const satisfies Derivations;

/** A list with an element for each block: null where config.json has none. */
function padded(config: Config, field: string, of: (element: Json, i: number) => number): number[] | undefined {
  const list = array.optional(config, field);
  return list && eachBlock(config, (i) => of(list[i] ?? null, i));
}

/** A limit for each block; 0 where config.json has null or none. */
function limits(config: Config, field: string): readonly number[] | undefined {
  return padded(config, field, (limit, i) => {
    const name = `${field}[${i}]`;
    return number.optional({ hparams: { [name]: limit } }, name) ?? 0;
  });
}

/** How many layers stand before the first that is not dense. */
function leadingDense(layers: readonly Json[]): number {
  const first = layers.findIndex((layer) => layer !== 'dense' && layer !== 0);
  return first === -1 ? layers.length : first;
}

/** ref-quirk: `GraniteHybridModel.get_attn_layers` in conversion/granite.py. */
function attentionLayers(config: Config): readonly number[] {
  const types = strings.optional(config, 'layer_types') ?? [];
  const indices = integers.optional(config, 'attn_layer_indices') ?? [];
  if (types.length > 0 || indices.length > 0) {
    return flags(config, (i) => (types.length > 0 ? types[i] === 'attention' : indices.includes(i)));
  }
  const period = () => integer(config, 'attn_layer_period') || refuse('attn_layer_period in config.json is 0.');
  return flags(config, (i) => i % period() === integer(config, 'attn_layer_offset'));
}

/** For each layer, 1 if the pattern has one of some kinds there. A block for multi-token prediction is of all kinds. */
function nemotronLayers(config: Config, kinds: readonly Json[]): readonly number[] {
  const { hybrid_override_pattern: letters, layers_block_type: types } = config.hparams;
  const pattern: readonly Json[] = typeof letters === 'string' ? [...letters] : Array.isArray(types) ? types : [];
  const own = mainBlockCount(config);
  if (pattern.length > 0 && pattern.length !== own) {
    refuse(`config.json has a pattern of ${pattern.length} layers, and ${own} layers.`);
  }
  return flags(config, (i) => i >= own || kinds.includes(pattern[i] ?? null));
}

function puzzleNumbers(config: Config, field: string): readonly number[] {
  return array(config, 'block_configs').map((block, i) =>
    isObject(block) ? (integer.optional({ hparams: block, path: `block_configs.${i}` }, field) ?? 0) : 0,
  );
}

const SPARSE = ['sparse_attention', 'deepseek_sparse_attention'];

/** ref-quirk: `indexer_is_full` in conversion/hy_v4.py. */
function indexers(config: Config): readonly number[] | undefined {
  const own = strings.optional(config, 'indexer_types');
  const types = own ?? strings.optional(config, 'layer_types') ?? [];
  if (own === undefined && !types.some((type) => SPARSE.includes(type))) {
    return undefined;
  }
  const blocks = mainBlockCount(config);
  const known = types.slice(0, blocks);
  const isOther = own && (known[0] !== 'full' || known.some((type) => type !== 'full' && type !== 'shared'));
  if (known.length < blocks || isOther) {
    const field = own ? 'indexer_types' : 'layer_types';
    refuse(
      `${field} in config.json does not say of each layer whether it has an indexer.`,
      'A list with "full" or "shared" for each layer, which begins with "full", says so.',
    );
  }
  return known.map((type) => Number(own ? type === 'full' : SPARSE.includes(type)));
}

function lagunaGates({ hparams: { gating, gating_types: types } }: Config): readonly string[] {
  const all = Array.isArray(types) && types.length > 0 ? types : [gating === true ? 'per_head' : (gating ?? null)];
  return all.map((type) => String(type).replaceAll('-', '_'));
}

/** A number for each block, from a part of its element of `block_configs`. ref-quirk: conversion/deci.py. */
function perDeciBlock(name: 'attention' | 'ffn', number: (part: FieldSource, config: Config) => number) {
  return ({ config }: Known): readonly number[] => {
    const given = array.optional(config, 'block_configs') ?? [];
    const blocks = eachBlock(config, (i) => given[i] ?? null);
    if (blocks.length !== given.length) {
      refuse(`config.json has ${given.length} block_configs and ${blocks.length} blocks: there is one for each.`);
    }
    return blocks.map((block, i) => {
      const path = `block_configs[${i}]`;
      const own = object.optional({ hparams: { block }, path }, 'block');
      const hparams = own && object.optional({ hparams: own, path }, name);
      return hparams
        ? number({ hparams, path: `${path}.${name}` }, config)
        : refuse(`${path} in config.json has no ${name}.`);
    });
  };
}

const deciKvHeads = perDeciBlock('attention', (attention, config) => {
  const group = integer.optional(attention, 'n_heads_in_group') ?? 0;
  return group === 0 ? 0 : Math.floor(headCount(config) / group);
});
