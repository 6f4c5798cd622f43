import { findArchitecture } from '#src/archs/registry.js';
import { writeKeys } from '#src/archs/write-keys.js';
import { loadConfig } from '#src/config/load-config.js';
import { KeyValues } from '#src/gguf/key-values.js';
import type { JsonObject } from '#src/json.js';
import { ConfigFieldError } from '#src/language/fields.js';
import { gatherFacts } from '#src/plan/gather-facts.js';
import { SmallFiles } from '#src/repo/small-files.js';
import { memoryRepo } from '../memory-repo.js';
import { written } from './corpus.js';

function repository(files: Record<string, string> = {}, name = 'tiny'): SmallFiles {
  return new SmallFiles({ ...memoryRepo(files), name });
}

async function keys(architecture: string, fields: JsonObject, files = repository()) {
  const config = loadConfig({ architectures: [architecture], ...fields });
  const all = { config, facts: await gatherFacts(files), fileType: 1 };
  const kv = new KeyValues();
  await writeKeys(findArchitecture(all), all, kv);
  return Object.fromEntries(written(kv).map(([key, , value]) => [key, value]));
}

const LLAMA = { num_hidden_layers: 2, hidden_size: 64, num_attention_heads: 4, vocab_size: 10 };

describe('rope scaling', () => {
  const scaling = async (rope: JsonObject, fields = {}) => {
    const all = await keys('LlamaForCausalLM', { ...LLAMA, ...fields, rope_scaling: rope });
    return Object.fromEntries(Object.entries(all).filter(([key]) => key.startsWith('llama.rope.scaling')));
  };

  test.each<[string, JsonObject, JsonObject]>([
    ['linear', { rope_type: 'linear', factor: 4 }, { type: 'linear', factor: 4 }],
    ['linear under its old name', { type: 'linear', factor: 2.5 }, { type: 'linear', factor: 2.5 }],
    ['dynamic', { rope_type: 'dynamic', factor: 4 }, {}],
    ['llama3', { rope_type: 'llama3', factor: 4 }, {}],
    ['unknown', { rope_type: 'new', factor: 4 }, {}],
    ['longrope', { rope_type: 'longrope', short_factor: [1], long_factor: [2] }, { type: 'longrope' }],
    ['su', { type: 'su', short_factor: [1], long_factor: [2] }, { type: 'longrope' }],
    ['linear without factor', { rope_type: 'linear' }, {}],
    [
      'yarn',
      {
        rope_type: 'yarn',
        factor: 4,
        original_max_position_embeddings: 4096,
        extrapolation_factor: 0.5,
        attn_factor: 0.25,
        beta_fast: 32,
        beta_slow: 1,
      },
      {
        type: 'yarn',
        factor: 4,
        original_context_length: 4096,
        yarn_ext_factor: 0.5,
        yarn_attn_factor: 0.25,
        yarn_beta_fast: 32,
        yarn_beta_slow: 1,
      },
    ],
  ])('%s', async (_, rope, expected) => {
    const named = Object.entries(expected).map(([key, value]) => [`llama.rope.scaling.${key}`, value]);
    expect(await scaling(rope)).toEqual(Object.fromEntries(named));
  });

  test("yarn takes the root's original length", async () => {
    const rope = await scaling({ rope_type: 'yarn', factor: 4 }, { original_max_position_embeddings: 99 });
    expect(rope['llama.rope.scaling.original_context_length']).toBe(99);
  });

  test('yarn without an original length', async () => {
    await expect(scaling({ rope_type: 'yarn', factor: 4 })).rejects.toThrow(
      'config.json has no rope_scaling.original_max_position_embeddings, which YaRN starts from.',
    );
  });
});

test('mrope sections are filled to four', async () => {
  const all = await keys('Qwen2ForCausalLM', { ...LLAMA, rope_scaling: { type: 'mrope', mrope_section: [16, 24] } });
  expect(all['qwen2.rope.dimension_sections']).toEqual([16, 24, 0, 0]);
});

test('a head size of its own', async () => {
  const all = await keys('LlamaForCausalLM', { ...LLAMA, head_dim: 24 });
  expect(all).toMatchObject({ 'llama.attention.key_length': 24, 'llama.rope.dimension_count': 24 });
});

test('no head size: none is written, an equal share rotates', async () => {
  const all = await keys('LlamaForCausalLM', LLAMA);
  expect(all['llama.rope.dimension_count']).toBe(16);
  expect(Object.keys(all)).not.toContain('llama.attention.key_length');
});

test.each<[string, string, JsonObject]>([
  ['no layers', 'LlamaForCausalLM', { hidden_size: 64, num_attention_heads: 4, vocab_size: 10 }],
  ['no vocabulary', 'LlamaForCausalLM', { num_hidden_layers: 2, hidden_size: 64, num_attention_heads: 4 }],
  ['no heads', 'LlamaForCausalLM', { ...LLAMA, num_attention_heads: 0 }],
  ['too many layers', 'Qwen2ForCausalLM', { ...LLAMA, num_hidden_layers: 1e9 }],
  ['half a layer', 'Qwen2ForCausalLM', { ...LLAMA, num_hidden_layers: 2.5 }],
  ['a bool as a size', 'Qwen2ForCausalLM', { ...LLAMA, intermediate_size: true }],
  ['a theta beyond float32', 'Qwen2ForCausalLM', { ...LLAMA, rope_theta: 1e39 }],
  ['Ministral 3 without yarn', 'Ministral3ForCausalLM', { ...LLAMA, model_type: 'ministral3' }],
])('%s', async (_, architecture, fields) => {
  await expect(keys(architecture, fields)).rejects.toThrow(ConfigFieldError);
});

describe('pooling', () => {
  const modules = JSON.stringify([{ type: 'a.Transformer' }, { type: 'a.models.Pooling', path: '1_Pooling' }]);
  const files = (pooling: JsonObject) =>
    repository({ 'modules.json': modules, '1_Pooling/config.json': JSON.stringify(pooling) });

  test.each([
    [{ pooling_mode_mean_tokens: true, pooling_mode_lasttoken: true }, 1],
    [{ pooling_mode_mean_tokens: false, pooling_mode_cls_token: true }, 2],
    [{ pooling_mode: 'lasttoken' }, 3],
  ])('%j', async (pooling, type) => {
    expect((await keys('Qwen2Model', LLAMA, files(pooling)))['qwen2.pooling_type']).toBe(type);
  });

  test('none', async () => {
    const all = await keys('Qwen2Model', LLAMA, repository({ 'modules.json': '[]' }));
    expect(Object.keys(all)).not.toContain('qwen2.pooling_type');
  });

  test.each([
    ['a way that has no number', files({ pooling_mode: 'max' }), '1_Pooling/config.json pools in a way'],
    ['a missing file', repository({ 'modules.json': modules }), 'which is not there'],
    ['no list', repository({ 'modules.json': '{}' }), 'modules.json holds no list'],
  ])('%s', async (_, repo, message) => {
    await expect(keys('Qwen2Model', LLAMA, repo)).rejects.toThrow(message);
  });
});

test.each([
  ['its name', repository({}, 'Qwen3-Reranker-0.6B')],
  ['its model card', repository({ 'README.md': '---\n---\n# Qwen3-Reranker-0.6B' })],
])('a reranker by %s has the answers that it scores', async (_, repo) => {
  const written = await keys('Qwen3ForCausalLM', LLAMA, repo);
  expect(JSON.stringify(written)).toContain('["yes","no"]');
});
