import { didYouMean, isSlip, nearNames, sameName } from '#src/options/near-names.js';
import { PRE_TOKENIZER_NAMES } from '#src/tokenizer/pre/fingerprints.js';

const TYPES = ['F16', 'BF16', 'Q4_0', 'Q4_K_S', 'Q4_K_M', 'Q8_0', 'IQ2_XXS'] as const;

test.each([
  ['q4_k_m', 'Q4_K_M'],
  ['q4km', 'Q4_K_M'],
  ['Q4-K-M', 'Q4_K_M'],
  ['iq2xxs', 'IQ2_XXS'],
  ['q9', undefined],
  ['', undefined],
])('%j is the name %s', (name, known) => {
  expect(sameName(name, TYPES)).toBe(known);
});

test.each([
  ['q4', ['Q4_0', 'Q4_K_S', 'Q4_K_M']],
  ['q4_k_n', ['Q4_K_S', 'Q4_K_M', 'Q4_0']],
  ['iq2_xs', ['IQ2_XXS']],
  ['nonsense', []],
])('%s is near %j', (name, near) => {
  expect(nearNames(name, TYPES)).toEqual(near);
});

test('the sentence names them, and where all are', () => {
  expect(didYouMean('lama-bpe', PRE_TOKENIZER_NAMES, 'There they are.')).toMatch(
    /^Did you mean .*llama-bpe.*\? There they are\.$/,
  );
  expect(didYouMean('nonsense', TYPES, 'There they are.')).toBe('There they are.');
});

test('a very long name takes no time', () => {
  expect(nearNames('x'.repeat(10_000_000), PRE_TOKENIZER_NAMES)).toEqual([]);
});

test('another number is no slip', () => {
  expect(isSlip('Qwen3ForCausalML', 'Qwen3ForCausalLM')).toBe(true);
  expect(isSlip('Qwen4ForCausalLM', 'Qwen3ForCausalLM')).toBe(false);
  expect(isSlip('BertModel', 'Qwen2Model')).toBe(false);
});
