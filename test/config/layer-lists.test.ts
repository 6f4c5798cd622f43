import { checkLayerLists } from '#src/config/layer-lists.js';
import { loadConfig } from '#src/config/load-config.js';
import type { JsonObject } from '#src/json.js';
import { ConfigFieldError } from '#src/language/fields.js';

function check(fields: JsonObject): void {
  const config = { architectures: ['AnyForCausalLM'], num_hidden_layers: 3, ...fields };
  checkLayerLists(loadConfig(config), config);
}

test.each([
  ['layer_types', ['full_attention', 'sliding_attention']],
  ['layer_types', ['a', 'b', 'c', 'd']],
  ['mlp_layer_types', ['dense']],
  ['num_attention_heads_per_layer', [4, 8]],
  ['num_key_value_heads', [1, 2, 1, 2]],
  ['no_rope_layers', [1, 1]],
  ['intermediate_size', [8, 8]],
])('a list of another length than there are blocks is refused by name: %s %j', (name, list) => {
  expect(() => check({ [name]: list })).toThrow(ConfigFieldError);
  expect(() => check({ [name]: list })).toThrow(`${name} in config.json has ${list.length} entries`);
});

test.each<JsonObject>([
  { layer_types: ['a', 'b', 'c'] },
  // Step 3.5 lists its blocks for multi-token prediction too.
  { layer_types: ['a', 'b', 'c', 'd'], num_nextn_predict_layers: 1 },
  // Llama 4 has an empty list for its default.
  { no_rope_layers: [] },
  { intermediate_size: 8 },
  // transformers makes up a list as long as its default number of blocks.
  { model_type: 'qwen2', text_config: { model_type: 'qwen2', num_hidden_layers: 3 } },
])('other lists are as they should be: %j', (fields) => {
  expect(() => check(fields)).not.toThrow();
});
