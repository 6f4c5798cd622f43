import { isObject, type Json } from '../json.js';
import type { Config } from './config.js';
import { blockCount, mainBlockCount } from './derive.js';
import {
  array,
  ConfigFieldError,
  integer,
  optionalArray,
  optionalInteger,
  optionalIntegers,
  optionalStrings,
} from './fields.js';
import type { Derived, Known } from './known.js';

/** Which layers are of which kind, and which of them take what a vision encoder saw. */
export const HYBRID_DERIVATIONS = {
  /** For each layer, 1 if it is of attention and 0 if it is a Mamba. */
  attention_layers: ({ config }) => attentionLayers(config),
  has_mamba_layers: ({ config }) => attentionLayers(config).includes(0),
  deepstack_mapping: ({ config }) => deepstackMapping(config),
  smallthinker_window: ({ config }) => smallThinkerWindow(config),
  nemotron_attention_layers: ({ config }) => nemotronLayers(config, ['*', 'attention', 'full_attention']),
  nemotron_mlp_layers: ({ config }) =>
    nemotronLayers(config, [config.hparams.num_experts_per_tok === undefined ? '-' : 'E', 'moe']),
  puzzle_feed_forward: ({ config }) => puzzleNumbers(config, 'moe_intermediate_size'),
  puzzle_experts_used: ({ config }) => puzzleNumbers(config, 'num_experts_per_tok'),
} as const satisfies Record<string, (known: Known) => Derived>;

/** ref-quirk: `GraniteHybridModel.get_attn_layers` in conversion/granite.py. */
function attentionLayers(config: Config): readonly number[] {
  const types = optionalStrings(config, 'layer_types') ?? [];
  const indices = optionalIntegers(config, 'attn_layer_indices') ?? [];
  const isAttention = (layer: number) =>
    types.length > 0
      ? types[layer] === 'attention'
      : indices.length > 0
        ? indices.includes(layer)
        : layer % period(config) === integer(config, 'attn_layer_offset');
  return Array.from({ length: blockCount(config) }, (_, layer) => Number(isAttention(layer)));
}

function period(config: Config): number {
  const layers = integer(config, 'attn_layer_period');
  if (layers === 0) {
    throw new ConfigFieldError('attn_layer_period in config.json is 0.');
  }
  return layers;
}

/**
 * For each layer, which projector's output it takes, or -1. Projectors are numbered in the order of their layers; the
 * first one's output goes into the embeddings. ref-quirk: `GraniteModel.set_gguf_parameters` in conversion/granite.py.
 */
function deepstackMapping(config: Config): readonly number[] | undefined {
  const pairs = optionalArray(config, 'deepstack_layer_map') ?? [];
  const spatial = optionalIntegers(config, 'spatial_target_layers') ?? [];
  if (pairs.length === 0 && spatial.length === 0) {
    return undefined;
  }
  const mapping = Array.from({ length: blockCount(config) }, () => -1);
  const deep = pairs.map((pair) => (Array.isArray(pair) ? Number(pair[1]) : Number.NaN));
  const layers = [...deep, ...spatial].map((layer) => (layer < 0 ? layer + mapping.length : layer));
  const wrong = layers.find((layer) => mapping[layer] === undefined);
  if (wrong !== undefined) {
    throw new ConfigFieldError(
      `config.json has a projector for layer ${wrong} (deepstack_layer_map, spatial_target_layers), which does not exist.`,
    );
  }
  for (const [projector, layer] of layers.sort((a, b) => a - b).entries()) {
    mapping[layer] = projector === 0 ? -1 : projector;
  }
  return mapping;
}

/** The window, if any layer has it and config.json has its size. */
function smallThinkerWindow(config: Config): number | undefined {
  const layout = optionalIntegers(config, 'sliding_window_layout') ?? [];
  return layout.some((layer) => layer !== 0) ? optionalInteger(config, 'sliding_window_size') || undefined : undefined;
}

/**
 * For each layer, 1 if the pattern has one of some kinds there. A block for multi-token prediction is of all kinds.
 * ref-quirk: `NemotronHModel.__init__` in conversion/nemotron.py.
 */
function nemotronLayers(config: Config, kinds: readonly Json[]): readonly number[] {
  const { hybrid_override_pattern: letters, layers_block_type: types } = config.hparams;
  const pattern: readonly Json[] = typeof letters === 'string' ? [...letters] : Array.isArray(types) ? types : [];
  const own = mainBlockCount(config);
  if (pattern.length > 0 && pattern.length !== own) {
    throw new ConfigFieldError(`config.json has a pattern of ${pattern.length} layers, and ${own} layers.`);
  }
  return Array.from({ length: blockCount(config) }, (_, i) => Number(i >= own || kinds.includes(pattern[i] ?? null)));
}

function puzzleNumbers(config: Config, field: string): readonly number[] {
  return array(config, 'block_configs').map((block, i) =>
    isObject(block) ? (optionalInteger({ hparams: block, path: `block_configs.${i}` }, field) ?? 0) : 0,
  );
}
