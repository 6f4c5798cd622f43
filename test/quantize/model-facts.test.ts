import { KeyValues } from '#src/gguf/key-values.js';
import { CountKeyError, modelFacts } from '#src/quantize/model-facts.js';
import { factsOf } from './recipes.js';

function facts(arch: string, kv: Record<string, number | number[]>) {
  const entries = Object.entries(kv).map(([key, value]) => [`${arch}.${key}`, value]);
  return factsOf({ 'general.architecture': arch, ...Object.fromEntries(entries) });
}

const BIG = { block_count: 80, 'attention.head_count': 64, 'attention.head_count_kv': 8 };

// llama_hparams::n_gqa
test.each([
  ['heads that share', { 'attention.head_count': 32, 'attention.head_count_kv': 6 }, 5],
  ['every head has its own', { 'attention.head_count': 32 }, 1],
  ['the first layer counts', { 'attention.head_count': [8, 64], 'attention.head_count_kv': [4, 8] }, 2],
  ['no attention in the first layer', { 'attention.head_count': 32, 'attention.head_count_kv': [0, 8] }, 0],
  ['no heads', {}, 0],
])('query heads a key head: %s', (_, kv, gqa) => {
  expect(facts('llama', kv).gqa).toBe(gqa);
});

// src/models/{llama,deci,olmo,qwen2,jais2}.cpp
test.each([
  ['llama', BIG, true],
  ['llama-embed', BIG, true],
  ['llama', { ...BIG, 'attention.head_count_kv': 64 }, false],
  ['llama', { ...BIG, expert_count: 8 }, false],
  ['llama', { ...BIG, block_count: 81, nextn_predict_layers: 1 }, true],
  ['qwen2', { ...BIG, 'attention.head_count_kv': 64 }, true],
  ['jais2', { ...BIG, block_count: 68 }, true],
  ['jais2', BIG, false],
  ['qwen3', BIG, false],
])('%s with %j: 70B %s', (arch, kv, is70B) => {
  expect(facts(arch, kv).is70B).toBe(is70B);
});

test.each([
  ['qwen3', { block_count: 28, num_loops: 2 }, 28],
  ['nanbeige', { block_count: 16, num_loops: 2 }, 32],
  ['nanbeige', { block_count: 16 }, 16],
  ['graniteswitch', { block_count: 40 }, 41],
  ['deepseek2', { block_count: 62, nextn_predict_layers: 1 }, 62],
])('layers of %s with %j', (arch, kv, layers) => {
  expect(facts(arch, kv).layers).toBe(layers);
});

test.each(['x', true, -1, 1.5])('a count that is %j is refused', (value) => {
  const kv = new KeyValues()
    .string('general.architecture', 'llama')
    .scalar('llama.block_count', typeof value === 'string' ? 'string' : 'f32', value);
  expect(() => modelFacts(kv)).toThrow(CountKeyError);
  expect(() => modelFacts(kv)).toThrow(/llama\.block_count/);
});
