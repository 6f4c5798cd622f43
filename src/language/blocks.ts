import { MAX_BLOCKS } from '../limits.js';
import { type FieldSource, integer, refuse } from './fields.js';

/**
 * The fields that can hold the number of blocks. The first one that config.json has counts. ref-quirk:
 * `TextModel.__init__` in conversion/base.py, and `find_hparam` in conversion/openelm.py.
 */
const BLOCKS = ['n_layers', 'num_hidden_layers', 'n_layer', 'num_layers', 'num_transformer_layers'];

/** @throws ConfigFieldError for more than MAX_BLOCKS */
export function capped(count: number): number {
  return count <= MAX_BLOCKS
    ? count
    : refuse(`config.json asks for ${count} blocks, more than the ${MAX_BLOCKS} that a model may have.`);
}

/** The number of the model's own blocks (layers). @throws ConfigFieldError for more than MAX_BLOCKS */
export const mainBlockCount = (config: FieldSource): number => capped(integer(config, ...BLOCKS));

/** A list of `count` elements. */
export const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
