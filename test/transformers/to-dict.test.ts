import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '#src/json.js';
import type { Version } from '#src/transformers/rules.js';
import { toDict } from '#src/transformers/to-dict.js';

/** What `AutoConfig.from_pretrained(dir).to_dict()` of transformers 4.57.6, or of 5.23.0, gave; null where it raised. */
const CASES = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../test/fixtures/config-transformers/cases.json'), 'utf8'),
) as { name: string; version?: Version; config: JsonObject; dict: JsonObject | null }[];

test.each(CASES.map((each) => [each.name, each] as const))('%s', (_, { config, version, dict }) => {
  expect(toDict(config, version)).toEqual(dict);
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

test('parts nested deeper than any class has them', () => {
  const nested = Array.from({ length: 10_000 }).reduce<JsonObject>(
    (text, _, level) => ({ model_type: level % 2 === 0 ? 'mistral3' : 'idefics3', text_config: text }),
    { model_type: 'mistral' },
  );
  expect(toDict(nested)).toBeNull();
});

test('fields with the names of JavaScript are fields like others', () => {
  const fields = toDict(JSON.parse('{"model_type": "llama", "constructor": 1, "toString": 2}'));
  expect(fields).toMatchObject({ constructor: 1, toString: 2 });
  expect(Object.keys(fields ?? {}).filter((name) => name.includes('native code'))).toEqual([]);
});
