import { isObject, type JsonObject } from '../json.js';
import { capped, mainBlockCount, times } from '../language/blocks.js';
import { array, type FieldSource, integer, object, refuse } from '../language/fields.js';
import type { Config } from './config.js';

/** The number of blocks that are converted, those for multi-token prediction among them. @throws ConfigFieldError */
export const blockCount = (config: Config): number =>
  capped((config.mtp?.instead ? 0 : mainBlockCount(config)) + (config.mtp?.blocks ?? 0));

/** The number of a decoder's blocks beside an encoder's. @throws ConfigFieldError for more than MAX_BLOCKS */
export const decoderBlockCount = (config: FieldSource): number | undefined => {
  const count = integer.optional(config, 'num_decoder_layers');
  return count === undefined ? undefined : capped(count);
};

/** The number of query heads, at least one. @throws ConfigFieldError */
export const headCount = (config: FieldSource): number =>
  integer(config, 'n_heads', 'num_attention_heads') || refuse('num_attention_heads in config.json is 0.');

/** The number of key and value heads: the number of query heads if there is no field. @throws ConfigFieldError */
export const kvHeadCount = (config: FieldSource): number =>
  integer.optional(config, 'n_kv_heads', 'num_key_value_heads') ?? headCount(config);

/** Dimensions of a head: `head_dim`, or an equal share of the hidden size. @throws ConfigFieldError */
export const headDim = (config: FieldSource): number =>
  integer.optional(config, 'head_dim') ?? equalShare(integer(config, 'hidden_size'), headCount(config));

/**
 * A field of Gemma's layers with full attention: its own, or that of the first such layer in `per_layer_config`.
 * @throws ConfigFieldError
 */
export function globalField(config: Config, own: string, perLayer: string): number | undefined {
  const types = array.optional(config, 'layer_types') ?? [];
  const layers = config.hparams.per_layer_config;
  const full = Object.entries(isObject(layers) ? layers : {}).find(
    ([i, fields]) => types[Number(i)] === 'full_attention' && isObject(fields) && fields[perLayer] !== undefined,
  );
  return integer.optional(config, own) ?? (full && integer.optional({ hparams: full[1] as JsonObject }, perLayer));
}

/** Dimensions of a head with full attention, where other heads have another size. @throws ConfigFieldError */
export const globalHeadDim = (config: Config): number =>
  globalField(config, 'global_head_dim', 'head_dim') ??
  refuse('config.json has no global_head_dim, the size of heads with full attention.');

/** The dimensions of each of some heads that share `size` dimensions, rounded down. */
export const equalShare = (size: number, heads: number): number => Math.floor(size / heads);

/** A list with an element for each block. @throws ConfigFieldError */
export const eachBlock = <T>(config: Config, make: (block: number) => T): T[] => times(blockCount(config), make);

/** For each block, 1 where something is so, else 0. @throws ConfigFieldError */
export const flags = (config: Config, is: (block: number) => boolean): number[] =>
  eachBlock(config, (block) => Number(is(block)));

/** All rotary fields, with their places in config.json. */
export const ropeRoot = ({ rope, ropePlace }: Config): FieldSource & { readonly path: string } => ({
  hparams: rope,
  ...ropePlace,
});

/** The rotary fields of layers with full attention: their own part if there is one, else all rotary fields. */
export function ropeFields(config: Config): FieldSource {
  const root = ropeRoot(config);
  const full = object.optional(root, 'full_attention');
  return full ? { hparams: full, path: `${root.path}.full_attention` } : root;
}
