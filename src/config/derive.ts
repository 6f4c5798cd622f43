import { MAX_BLOCKS } from '../limits.js';
import type { Config } from './config.js';
import { ConfigFieldError, type FieldSource, integer, optionalInteger } from './fields.js';

/**
 * The fields that can hold the number of blocks. The first one that config.json has counts. ref-quirk:
 * `TextModel.__init__` in conversion/base.py, and `find_hparam` in conversion/openelm.py.
 */
export const BLOCKS = ['n_layers', 'num_hidden_layers', 'n_layer', 'num_layers', 'num_transformer_layers'] as const;

/** The number of the model's own blocks (layers). @throws ConfigFieldError for more than MAX_BLOCKS */
export function mainBlockCount(config: FieldSource): number {
  return capped(integer(config, ...BLOCKS));
}

/** The number of blocks that are converted, those for multi-token prediction among them. @throws ConfigFieldError */
export function blockCount(config: Config): number {
  return capped(mainBlockCount(config) + (config.mtp?.blocks ?? 0));
}

function capped(count: number): number {
  if (count > MAX_BLOCKS) {
    throw new ConfigFieldError(
      `config.json asks for ${count} blocks, more than the ${MAX_BLOCKS} that a model may have.`,
    );
  }
  return count;
}

/** The number of a decoder's blocks beside an encoder's. @throws ConfigFieldError for more than MAX_BLOCKS */
export function decoderBlockCount(config: FieldSource): number | undefined {
  const count = optionalInteger(config, 'num_decoder_layers');
  return count === undefined ? undefined : capped(count);
}

/** The number of query heads, at least one. @throws ConfigFieldError */
export function headCount(config: FieldSource): number {
  const heads = integer(config, 'n_heads', 'num_attention_heads');
  if (heads === 0) {
    throw new ConfigFieldError('num_attention_heads in config.json is 0.');
  }
  return heads;
}

/** The number of key and value heads: the number of query heads if there is no field. @throws ConfigFieldError */
export function kvHeadCount(config: FieldSource): number {
  return optionalInteger(config, 'n_kv_heads', 'num_key_value_heads') ?? headCount(config);
}

/** Dimensions of a head: `head_dim`, or an equal share of the hidden size. @throws ConfigFieldError */
export function headDim(config: FieldSource): number {
  return optionalInteger(config, 'head_dim') ?? equalShare(integer(config, 'hidden_size'), headCount(config));
}

/** The dimensions of each of some heads that share `size` dimensions, rounded down. */
export function equalShare(size: number, heads: number): number {
  return Math.floor(size / heads);
}
