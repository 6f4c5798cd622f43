import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, type JsonObject } from '#src/json.js';
import { modelTypes } from '#src/transformers/model-types.js';
import { toDict } from '#src/transformers/to-dict.js';
import { data, dataTest, root } from '../paths.js';
import { defaultsSource, INCIDENTAL, type Records, versionOf } from './defaults-source.js';

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

dataTest(
  'src/generated/config-defaults.ts is what config-defaults.json says; npm run config-defaults writes it',
  (folder) => {
    const classes = read(join(root, 'test/transformers/converter-classes.json'));
    const source = defaultsSource(read(join(folder, 'config-defaults.json')), classes);
    expect(source === readFileSync(join(root, 'src/generated/config-defaults.ts'), 'utf8')).toBe(true);
  },
);

/** Fields, by type, that follow from others by rules that aren't written yet. */
const UNRULED: Readonly<Record<string, readonly string[]>> = {
  cohere2_moe: ['rope_parameters'],
  deepseek_ocr2: [
    'vision_config.encoder_config.layer_types',
    'vision_config.sam_config.mlp_dim',
    'vision_config.sam_config.scale',
  ],
  deepseek_ocr2_encoder: ['layer_types'],
  deepseek_ocr2_sam_vision_model: ['mlp_dim', 'scale'],
  deepseek_ocr2_vision: ['encoder_config.layer_types', 'sam_config.mlp_dim', 'sam_config.scale'],
  deepseek_v4: ['layer_types', 'mlp_layer_types', 'rope_parameters'],
  deepseek_vl_hybrid: ['high_res_vision_config.mlp_dim'],
  dots3_note: ['text_config.layer_types', 'text_config.mlp_layer_types', 'text_config.per_layer_config'],
  dots3_note_text: ['layer_types', 'mlp_layer_types', 'per_layer_config'],
  gemma4: ['text_config.layer_types', 'text_config.per_layer_config'],
  gemma4_text: ['layer_types', 'per_layer_config'],
  gemma4_unified: ['text_config.layer_types', 'text_config.per_layer_config'],
  gemma4_unified_assistant: ['text_config.layer_types', 'text_config.per_layer_config'],
  gemma4_unified_text: ['layer_types', 'per_layer_config'],
  hrm_text: ['num_layers_per_stack'],
  minimax_m3_vl: ['text_config.layer_types', 'text_config.mlp_layer_types'],
  minimax_m3_vl_text: ['layer_types', 'mlp_layer_types'],
  qwen3_omni_moe: ['talker_config.code_predictor_config.layer_types'],
  sam_vision_model: ['mlp_dim'],
  step3p5: ['layer_types', 'mlp_layer_types', 'num_sliding_attention_heads'],
  step3p5_vision: ['intermediate_size'],
  step3p7: [
    'text_config.layer_types',
    'text_config.mlp_layer_types',
    'text_config.num_sliding_attention_heads',
    'vision_config.intermediate_size',
  ],
  vit: ['pooler_output_size'],
};

(data === undefined ? describe.skip : describe)('a model_type alone gives what is recorded', () => {
  const records: Records = data === undefined ? {} : read(join(data, 'config-defaults.json'));

  test.each(modelTypes())('%s', (name) => {
    const record = records[name];
    const dict = record && toDict({ model_type: name }, versionOf(record));
    if (!record || !dict) {
      throw new Error(`${name} is refused.`);
    }
    const ruled = record.derived.filter((field) => dict[field] !== undefined);
    const unruled = record.derived.filter((field) => !ruled.includes(field));
    expect([...differences(dict, record.defaults), ...unruled]).toEqual(UNRULED[name] ?? []);
  });
});

/** The recorded fields that another one than recorded, or none, stands in place of. */
function differences(dict: JsonObject, recorded: JsonObject): string[] {
  return Object.entries(recorded).flatMap(([key, value]) => {
    const own = dict[key];
    if (INCIDENTAL.includes(key)) {
      return [];
    }
    if (isObject(own) && isObject(value)) {
      return differences(own, value).map((path) => `${key}.${path}`);
    }
    return JSON.stringify(own) === JSON.stringify(value) ? [] : [key];
  });
}
