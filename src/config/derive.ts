import { MAX_BLOCKS } from '../limits.js';
import { ConfigFieldError, type FieldSource, integer, optionalInteger } from './fields.js';

/** The spellings of the number of blocks; the first that config.json has counts. */
export const BLOCKS = ['n_layers', 'num_hidden_layers', 'n_layer', 'num_layers'] as const;

/** Blocks of the model: a tensor of a later one has no name. @throws ConfigFieldError */
export function blockCount(config: FieldSource): number {
  const count = integer(config, ...BLOCKS);
  if (count > MAX_BLOCKS) {
    throw new ConfigFieldError(
      `config.json asks for ${count} blocks, more than the ${MAX_BLOCKS} that a model may have.`,
    );
  }
  return count;
}

/** Query heads, at least one. @throws ConfigFieldError */
export function headCount(config: FieldSource): number {
  const heads = integer(config, 'n_heads', 'num_attention_heads');
  if (heads === 0) {
    throw new ConfigFieldError('num_attention_heads in config.json is 0.');
  }
  return heads;
}

/** Key and value heads; without a field of their own there are as many as query heads. @throws ConfigFieldError */
export function kvHeadCount(config: FieldSource): number {
  return optionalInteger(config, 'n_kv_heads', 'num_key_value_heads') ?? headCount(config);
}

/** Dimensions of a head: `head_dim`, or an equal share of the hidden size. @throws ConfigFieldError */
export function headDim(config: FieldSource): number {
  return optionalInteger(config, 'head_dim') ?? equalShare(integer(config, 'hidden_size'), headCount(config));
}

/** A head's part of `size` dimensions, rounded down. */
export function equalShare(size: number, heads: number): number {
  return Math.floor(size / heads);
}
