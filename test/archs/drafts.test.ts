import { DraftVocabularyError } from '#src/archs/extra-tensors.js';
import { mapTensors } from '#src/archs/map-tensors.js';
import { findArchitecture } from '#src/archs/registry.js';
import { writeKeys } from '#src/archs/write-keys.js';
import { loadConfig } from '#src/config/load-config.js';
import { KeyValues } from '#src/gguf/key-values.js';
import type { JsonObject } from '#src/json.js';
import { gatherFacts } from '#src/plan/gather-facts.js';
import { SmallFiles } from '#src/repo/small-files.js';
import { memoryRepo } from '../memory-repo.js';
import { known } from './known.js';

const EAGLE = {
  ...{ architectures: ['LlamaForCausalLM'], num_hidden_layers: 1, draft_vocab_size: 3, vocab_size: 8 },
  ...{ hidden_size: 16, num_attention_heads: 2 },
};

function draft(fields: JsonObject, target: JsonObject, d2t?: readonly number[]) {
  const own = known(loadConfig(fields), { target: () => target });
  return { ...own, ...(d2t && { probes: new Map([['d2t', d2t]]) }) };
}

function tokens(fields: JsonObject, d2t?: readonly number[], target: JsonObject = { vocab_size: 8 }) {
  const all = draft(fields, target, d2t);
  return mapTensors(findArchitecture(all), all, []).find(({ name }) => name === 'd2t')?.expr;
}

describe("a draft's tokens", () => {
  test("are the target's ids: the checkpoint has distances", () => {
    expect(tokens(EAGLE, [1, 1, 5])).toMatchObject({ dtype: 'I64', shape: [3], values: [1, 2, 7] });
    expect(tokens(EAGLE)).toBeUndefined();
  });

  test.each([
    ['beyond the vocabulary', [0, 0, 6]],
    ['before it', [-1, 0, 0]],
    ['twice', [1, 0, 0]],
    ['no number', [0, NaN, 0]],
  ])('%s', (_, d2t) => {
    expect(() => tokens(EAGLE, d2t)).toThrow(DraftVocabularyError);
  });

  test('a DSpark counts them in config.json', () => {
    const dspark = { ...EAGLE, architectures: ['DSparkSpeculator'] };
    expect(tokens(dspark, [1, 1, 5])).toMatchObject({ values: [1, 2, 7] });
    expect(() => tokens(dspark)).toThrow(/d2t has 0 tokens, and config.json a draft_vocab_size of 3/);
    expect(() => tokens(dspark, [1, 1])).toThrow(/d2t has 2 tokens/);
    expect(() => tokens({ ...dspark, draft_vocab_size: 9 }, [1])).toThrow(/more than the vocab_size 8/);
    expect(tokens({ ...dspark, draft_vocab_size: 8 })).toBeUndefined();
  });
});

/** The keys of a draft that stand before the metadata. */
function firstKeys(fields: JsonObject, target: JsonObject): Record<string, unknown> {
  const all = draft(fields, target);
  const { gguf, firstKeys = [] } = findArchitecture(all);
  const kv = new KeyValues();
  writeKeys({ gguf, keys: firstKeys }, all, kv);
  return Object.fromEntries([...kv.entries()].map(([key, { value }]) => [key, value]));
}

test("an EAGLE-3's keys follow from the target, unless it has its own", () => {
  const target = { num_hidden_layers: 33, hidden_size: 96 };
  expect(firstKeys(EAGLE, target)).toMatchObject({
    'eagle3.target_layers': [2, 16, 30],
    'eagle3.target_hidden_size': 96,
    'eagle3.norm_before_residual': false,
  });
  const own = { eagle_aux_hidden_state_layer_ids: [1, 4], target_hidden_size: 64, norm_before_residual: true };
  expect(firstKeys({ ...EAGLE, ...own }, target)).toMatchObject({
    'eagle3.target_layers': [1, 4],
    'eagle3.target_hidden_size': 64,
    'eagle3.norm_before_residual': true,
  });
});

test("a target's text model hides its root; without a target there is an error that names the option", async () => {
  const files = (config: object) => new SmallFiles(memoryRepo({ 'config.json': JSON.stringify(config) }));
  const target = files({ vocab_size: 1, text_config: { vocab_size: 2 } });
  expect((await gatherFacts(files({}), { target })).target()).toMatchObject({ vocab_size: 2 });
  const alone = await gatherFacts(files({}));
  expect(() => alone.target()).toThrow(/--target-model-dir/);
});
