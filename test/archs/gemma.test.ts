import { mapTensors } from '#src/archs/map-tensors.js';
import { findArchitecture } from '#src/archs/registry.js';
import { writeKeys } from '#src/archs/write-keys.js';
import { loadConfig } from '#src/config/load-config.js';
import { KeyValues } from '#src/gguf/key-values.js';
import type { JsonObject } from '#src/json.js';
import { ConfigFieldError } from '#src/language/fields.js';
import { gatherFacts } from '#src/plan/gather-facts.js';
import { SmallFiles } from '#src/repo/small-files.js';
import type { SourceExpr } from '#src/tensor/expr.js';
import { shapeOf } from '#src/tensor/rows.js';
import { memoryRepo } from '../memory-repo.js';
import { written } from './corpus.js';
import { known } from './known.js';

async function knownOf(architecture: string, fields: JsonObject, files: Record<string, string> = {}, dense = false) {
  const config = loadConfig({ architectures: [architecture], ...fields }, 5);
  const wanted = { files: findArchitecture(known(config)).files, denseModules: dense };
  return { config, facts: await gatherFacts(new SmallFiles(memoryRepo(files)), wanted), fileType: 1 };
}

async function keys(...of: Parameters<typeof knownOf>): Promise<Record<string, unknown>> {
  const all = await knownOf(...of);
  const kv = new KeyValues();
  writeKeys(findArchitecture(all), all, kv);
  return Object.fromEntries(written(kv).map(([key, , value]) => [key, value]));
}

const GEMMA3 = { model_type: 'gemma3_text', num_hidden_layers: 2, hidden_size: 8, vocab_size: 8, sliding_window: 512 };

describe('rows of the embedding', () => {
  const rows = async (files: Record<string, string>) => {
    const all = await knownOf('Gemma3ForCausalLM', GEMMA3, files);
    const expr: SourceExpr = { op: 'source', name: 'e', file: 'f', offset: 0, dtype: 'F32', shape: [10, 4] };
    const [mapped] = mapTensors(findArchitecture(all), all, [{ name: 'model.embed_tokens.weight', expr }]);
    return mapped && shapeOf(mapped.expr)[0];
  };
  const tokenizer = JSON.stringify({ model: { vocab: { a: 0, b: 1, c: 2 } }, added_tokens: [{ id: 3 }] });

  test('are those of the tokens in tokenizer.json', async () => {
    expect(await rows({ 'tokenizer.json': tokenizer })).toBe(4);
  });

  test('are vocab_size with tokenizer.model', async () => {
    expect(await rows({ 'tokenizer.json': tokenizer, 'tokenizer.model': '' })).toBe(8);
  });

  test('are all rows where there are more tokens', async () => {
    const vocab = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`t${i}`, i]));
    expect(await rows({ 'tokenizer.json': JSON.stringify({ model: { vocab }, added_tokens: [] }) })).toBe(10);
  });
});

describe('EmbeddingGemma', () => {
  const files = (modules: readonly JsonObject[]) => ({
    'config.json': JSON.stringify({ sliding_window: 512 }),
    'modules.json': JSON.stringify(modules),
    '2_Dense/model.safetensors': '',
    '2_Dense/config.json': JSON.stringify({ in_features: 8, out_features: 32 }),
  });
  const DENSE = { type: 'sentence_transformers.models.Dense', path: '2_Dense' };

  test('has the window of config.json, which transformers halves', async () => {
    const fields = { ...GEMMA3, use_bidirectional_attention: true };
    const found = await keys('Gemma3TextModel', fields, files([]));
    expect(found['gemma-embedding.attention.sliding_window']).toBe(512);
    await expect(keys('Gemma3TextModel', fields, { 'config.json': '{}' })).rejects.toThrow(ConfigFieldError);
  });

  test('says what its Dense layers take and give where they are asked for', async () => {
    const sizes = { 'gemma-embedding.dense_2_feat_in': 8, 'gemma-embedding.dense_2_feat_out': 32 };
    expect(await keys('Gemma3TextModel', GEMMA3, files([DENSE]), true)).toMatchObject(sizes);
    expect(await keys('Gemma3TextModel', GEMMA3, files([DENSE]))).not.toMatchObject(sizes);
    const missing = { ...DENSE, path: '3_Dense' };
    expect(Object.keys(await keys('Gemma3TextModel', GEMMA3, files([missing]), true))).not.toContain(
      'gemma-embedding.dense_3_feat_in',
    );
  });
});

describe('Gemma 4', () => {
  const layers = ['sliding_attention', 'full_attention', 'sliding_attention', 'full_attention'];
  const GEMMA4 = {
    ...{ model_type: 'gemma4_text', num_hidden_layers: 4, hidden_size: 8, intermediate_size: 16, head_dim: 4 },
    ...{ num_attention_heads: 2, num_key_value_heads: 2, layer_types: layers, moe_intermediate_size: null },
    ...{ global_head_dim: 8, num_kv_shared_layers: 1, sliding_window: 512 },
  };

  test('blocks that share keys and values are twice as wide where config.json says so', async () => {
    const width = async (fields: JsonObject) =>
      (await keys('Gemma4ForCausalLM', { ...GEMMA4, ...fields }))['gemma4.feed_forward_length'];
    expect(await width({ use_double_wide_mlp: true })).toEqual([16, 16, 16, 32]);
    expect(await width({ use_double_wide_mlp: false })).toBe(16);
  });

  test('full attention has its own heads, of its own size', async () => {
    const found = await keys('Gemma4ForCausalLM', { ...GEMMA4, num_global_key_value_heads: 1 });
    expect(found).toMatchObject({
      'gemma4.attention.head_count_kv': [2, 1, 2, 1],
      'gemma4.attention.key_length': 8,
      'gemma4.attention.key_length_swa': 4,
    });
  });

  test('the heads of full attention may be found among the fields of its layers', async () => {
    const { global_head_dim: _, ...fields } = GEMMA4;
    const perLayer = { 0: { head_dim: 4 }, 1: { head_dim: 16, num_key_value_heads: 1 } };
    const found = await keys('Gemma4ForCausalLM', { ...fields, model_type: 'new', per_layer_config: perLayer });
    expect(found).toMatchObject({ 'gemma4.attention.key_length': 16, 'gemma4.attention.head_count_kv': [2, 1, 2, 1] });
    await expect(keys('Gemma4ForCausalLM', { ...fields, model_type: 'new' })).rejects.toThrow(/global_head_dim/);
  });

  test('only the rotated dimensions of full attention turn', async () => {
    const rope = { full_attention: { rope_type: 'proportional', partial_rotary_factor: 0.25 } };
    const all = await knownOf('Gemma4ForCausalLM', { ...GEMMA4, global_head_dim: 16, rope_parameters: rope });
    const [factors] = mapTensors(findArchitecture(all), all, []);
    expect(factors).toMatchObject({ name: 'rope_freqs.weight', expr: { values: [1, 1, ...Array(6).fill(1e30)] } });
    const plain = { full_attention: { rope_type: 'default' } };
    const other = await knownOf('Gemma4ForCausalLM', { ...GEMMA4, rope_parameters: plain });
    expect(() => mapTensors(findArchitecture(other), other, [])).toThrow(ConfigFieldError);
  });

  test('tokens that must not be generated come from generation_config.json', async () => {
    const files = { 'generation_config.json': '{"suppress_tokens": [5, 7]}' };
    const found = await keys('Gemma4UnifiedForConditionalGeneration', GEMMA4, files);
    expect(found['tokenizer.ggml.suppress_tokens']).toEqual([5, 7]);
  });
});
