import type { Config } from './config.js';
import { blockCount, headCount, kvHeadCount } from './derive.js';
import type { FieldSource } from './fields.js';
import { ConfigFieldError, integer, optionalArray, optionalIntegers, optionalObject, show } from './fields.js';
import type { Derived, Known } from './known.js';

/** Derivations of Llama's kin: Llama 4, DeciLM. */
export const LLAMA_DERIVATIONS = {
  /** Whether `layer_types` is there and names no layer with a window. */
  all_full_attention: ({ config }) =>
    optionalArray(config, 'layer_types')?.every((type) => type === 'full_attention') ?? false,
  deci_heads: ({ config }) => perBlock(config, headsOf),
  deci_kv_heads: ({ config }) =>
    config.hparams.block_configs === undefined
      ? (optionalIntegers(config, 'num_key_value_heads_per_layer') ?? kvHeadCount(config))
      : perBlock(config, kvHeadsOf),
  deci_feed_forward: ({ config }) => perBlock(config, feedForwardOf),
} as const satisfies Record<string, (known: Known) => Derived>;

/** A number for each block, from `block_configs`. ref-quirk: `DeciModel.__init__` in conversion/deci.py. */
function perBlock(config: Config, number: (block: FieldSource, config: Config) => number): readonly number[] {
  const blocks = optionalArray(config, 'block_configs') ?? [];
  if (blocks.length !== blockCount(config)) {
    throw new ConfigFieldError(
      `config.json has ${blocks.length} block_configs and ${blockCount(config)} blocks: there is one for each.`,
    );
  }
  return blocks.map((block, i) => number({ hparams: { block }, path: `block_configs[${i}]` }, config));
}

function part(block: FieldSource, name: 'attention' | 'ffn'): FieldSource {
  const own = optionalObject(block, 'block');
  const found = own && optionalObject({ hparams: own, path: block.path ?? '' }, name);
  if (!found) {
    throw new ConfigFieldError(`${block.path} in config.json has no ${name}.`);
  }
  return { hparams: found, path: `${block.path}.${name}` };
}

/** Blocks with linear attention have query heads alone, those without attention none. */
function headsOf(block: FieldSource, config: Config): number {
  const { hparams } = part(block, 'attention');
  return (hparams.n_heads_in_group ?? null) !== null || hparams.replace_with_linear === true ? headCount(config) : 0;
}

function kvHeadsOf(block: FieldSource, config: Config): number {
  const attention = part(block, 'attention');
  const group = (attention.hparams.n_heads_in_group ?? null) === null ? 0 : integer(attention, 'n_heads_in_group');
  return group === 0 ? 0 : Math.floor(headCount(config) / group);
}

/** Two thirds of the multiple that a block asks for, up to the next multiple of 256. */
function feedForwardOf(block: FieldSource, config: Config): number {
  const { hparams, path } = part(block, 'ffn');
  const multiple = hparams.ffn_mult ?? 0;
  if (typeof multiple !== 'number') {
    throw new ConfigFieldError(`${path}.ffn_mult in config.json is ${show(multiple)}, not a number.`);
  }
  return Math.ceil(Math.trunc((2 * multiple * integer(config, 'hidden_size')) / 3) / 256) * 256;
}
