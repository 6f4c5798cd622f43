import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '#src/config/load-config.js';
import { ropeFreqs, stepRopeFreqs } from '#src/config/rope-freqs.js';
import { ConfigFieldError } from '#src/language/fields.js';
import { fma } from '#src/numeric/float-pair.js';
import { pow } from '#src/numeric/torch-pow.js';

/** What torch's `base ** (arange(0, dim, 2) / dim)` gave on AVX2, as float32 bits. */
const POWERS = JSON.parse(readFileSync(join(import.meta.dirname, '../../../test/fixtures/torch-pow.json'), 'utf8')) as {
  base: number;
  dim: number;
  bits: number[];
}[];

test.each(POWERS)("torch's powers of $base, $dim dimensions", ({ base, dim, bits }) => {
  const exponents = Array.from({ length: dim / 2 }, (_, pair) => Math.fround((2 * pair) / dim));
  expect([...new Uint32Array(Float32Array.from(pow(Math.fround(base), exponents)).buffer)]).toEqual(bits);
});

test('a fused product and sum is rounded once', () => {
  const a = 1 + 2 ** -12;
  expect(fma(a, a, 2 ** -60)).toBe(1 + 2 ** -11 + 2 ** -23);
  expect(fma(a, a, -(2 ** -60))).toBe(1 + 2 ** -11);
  expect(fma(-a, a, -(2 ** -60))).toBe(-(1 + 2 ** -11 + 2 ** -23));
  expect(fma(3, 4, 5)).toBe(17);
});

function factors(fields: object) {
  const config = loadConfig({ architectures: ['LlamaForCausalLM'], rope_theta: 500000, ...fields });
  return ropeFreqs(config);
}

const LLAMA3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
};

test.each([
  [16, 8, '74606f86276578ef0da1a6ca4b1c154aa332753bb09b6285453b774797a33865'],
  [64, 32, 'd25a6d176d9313062b8f86440c88649f9e568d573ea66bfa4e85e2424cf35633'],
  [112, 8, '4f5d067275847aa25f51b86bd91e61e828a90f1311b62d93442f694330ac2175'],
  [128, 8, '8b516af9cb5db26ed32831eb6f493dd620843d1cd69ca7bbad760c76061cd565'],
])("the reference's bytes: heads of %i, factor %i", (head_dim, factor, sha256) => {
  const values = factors({ head_dim, rope_scaling: { ...LLAMA3, factor } });
  expect(values).toHaveLength(head_dim / 2);
  const bytes = Float32Array.from(values ?? []);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
});

test('no other scaling makes a tensor', () => {
  expect(factors({ head_dim: 64 })).toBeUndefined();
  expect(factors({ head_dim: 64, rope_scaling: { ...LLAMA3, rope_type: 'linear' } })).toBeUndefined();
});

test.each([
  ['a huge head', { head_dim: 4e9, rope_scaling: LLAMA3 }],
  ['a factor of 0', { head_dim: 64, rope_scaling: { ...LLAMA3, low_freq_factor: 0 } }],
  ['a factor that is no number', { head_dim: 64, rope_scaling: { ...LLAMA3, factor: '8' } }],
])('%s', (_, fields) => {
  expect(() => factors(fields)).toThrow(ConfigFieldError);
});

test("Step-3.5: the reference's factors for the half of a head that is rotated, and 1 for the other", () => {
  const config = loadConfig({
    architectures: ['Step3p5ForCausalLM'],
    head_dim: 16,
    rope_theta: [5000000, 10000],
    layer_types: ['full_attention', 'sliding_attention'],
    partial_rotary_factors: [0.5, 1],
    rope_scaling: {
      ...{ rope_type: 'llama3', factor: 2, low_freq_factor: 1, high_freq_factor: 32 },
      original_max_position_embeddings: 131072,
    },
  });
  expect(stepRopeFreqs(config)).toEqual([1, 1, 1.5764362812042236, 2, 1, 1, 1, 1]);
});
