import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toDict } from '#src/config/to-dict.js';
import type { JsonObject } from '#src/json.js';

/** What `AutoConfig.from_pretrained(dir).to_dict()` of transformers 4.57.6 gave; null where it raised. */
const CASES = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../test/fixtures/config-transformers/cases.json'), 'utf8'),
) as { name: string; config: JsonObject; dict: JsonObject | null }[];

test.each(CASES.map((each) => [each.name, each] as const))('%s', (_, { config, dict }) => {
  expect(toDict(config)).toEqual(dict);
});

test('the input is left as it is', () => {
  const config = { model_type: 'llama', rope_scaling: { type: 'linear', factor: 2 } };
  const before = structuredClone(config);
  toDict(config);
  expect(config).toEqual(before);
});

test('a huge number of layers makes no list', () => {
  expect(toDict({ model_type: 'qwen2', num_hidden_layers: 4e9 })).toBeNull();
});
