import { isObject, type Json, type JsonObject } from '../json.js';
import { mainBlockCount } from '../language/blocks.js';
import { integer, refuse } from '../language/fields.js';
import type { Config } from './config.js';

/** Fields that have an entry for each block: its kind, whether it rotates, how many heads or experts it has. */
const LAYER_LISTS = [
  /(?:^|_)layer_types$/,
  /_(?:per_layer|layout)$/,
  /^num_(?:attention|key_value|kv|query)_heads$/,
  /^(?:layers_block_type|no_rope_layers|layer_rope_theta|attn_type_list|hybrid_layer_pattern)$/,
  /^(?:is_moe_layer|moe_layer_freq|intermediate_size|activation_sparsity_pattern)$/,
];

/**
 * Refuses lists of another length than the model has blocks; those for multi-token prediction may have entries too.
 * An empty list is none.
 * @param given config.json as it is: defaults of transformers are not checked.
 * @throws ConfigFieldError
 */
export function checkLayerLists(config: Config, given: JsonObject): void {
  const parts = [given, ...Object.values(given).filter(isObject)];
  const lists = Object.entries(config.hparams).filter(
    (field): field is [string, readonly Json[]] =>
      Array.isArray(field[1]) &&
      field[1].length > 0 &&
      LAYER_LISTS.some((names) => names.test(field[0])) &&
      parts.some((part) => Array.isArray(part[field[0]])),
  );
  if (lists.length === 0) {
    return;
  }
  const blocks = mainBlockCount(config);
  const more = integer.optional(config, 'num_nextn_predict_layers', 'mtp_num_hidden_layers') ?? config.mtp?.blocks ?? 0;
  for (const [name, { length }] of lists) {
    if (length < blocks || length > blocks + more) {
      refuse(`${name} in config.json has ${length} entries, and the model has ${blocks} blocks.`);
    }
  }
}
