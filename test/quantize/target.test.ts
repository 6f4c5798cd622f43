import { UsageError } from '#src/errors.js';
import { bitsOf, candidateTypes, near } from '#src/quantize/target/candidates.js';
import { parseTargets } from '#src/quantize/target/size.js';

describe('candidates', () => {
  const wide = { ne: [512, 16], type: 'BF16', hasWeights: true } as const;

  test('types whose blocks fill the rows', () => {
    // SmolLM2's rows are no multiple of 256, those of the smallest models none of 32.
    const narrow = candidateTypes({ ...wide, ne: [576, 16] });
    expect(narrow).toEqual([...['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'IQ4_NL', 'MXFP4', 'NVFP4', 'Q2_0'], 'BF16']);
    expect(candidateTypes({ ...wide, ne: [48, 16] })).toEqual(['BF16']);
    expect(candidateTypes(wide)).toEqual(expect.arrayContaining(['Q4_K', 'IQ1_S', 'IQ3_S', 'TQ1_0', 'Q1_0', 'Q8_0']));
  });

  test('without importance weights, none of the types that llama-quantize refuses then', () => {
    const refused = ['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS'];
    const without = candidateTypes({ ...wide, hasWeights: false });
    expect(
      candidateTypes(wide)
        .filter((type) => !without.includes(type))
        .sort(),
    ).toEqual(refused.sort());
  });

  test('nothing that is larger than what is there', () => {
    const types = candidateTypes({ ...wide, type: 'Q5_K' });
    expect(types.at(-1)).toBe('Q5_K');
    expect(types.every((type) => bitsOf(type) <= 5.5)).toBe(true);
    expect(types).not.toContain('Q5_0');
  });

  test('near the target, or what comes nearest', () => {
    const types = candidateTypes(wide);
    expect(near(types, 4.5)).toEqual(expect.arrayContaining(['Q2_K', 'Q3_K', 'IQ4_XS', 'Q6_K', 'Q8_0']));
    expect(near(types, 4.5)).not.toEqual(expect.arrayContaining(['IQ1_S']));
    expect(near(types, 16)).toContain('BF16');
    expect(near(['Q4_0', 'Q8_0'], 1.6)).toEqual(['Q4_0']);
  });
});

describe('sizes', () => {
  test.each([
    ['95M', 95_000_000],
    ['1.5g', 1_500_000_000],
    ['700k', 700_000],
    ['95MB', 95_000_000],
    ['123456', 123_456],
  ])('%s', (targetSize, bytes) => expect(parseTargets({ targetSize })[0]?.bytes(1)).toBe(bytes));

  test('bits of the file for each weight, rounded down to whole bytes', () => {
    const [target] = parseTargets({ targetBpw: 4.5 });
    expect(target?.label).toBe('4.5bpw');
    expect(target?.bytes(1001)).toBe(563);
    expect(parseTargets({})).toEqual([]);
  });

  test.each([
    [{ targetSize: 'large' }],
    [{ targetSize: '' }],
    [{ targetSize: '-5M' }],
    [{ targetSize: '99999999999999G' }],
    [{ targetBpw: 0 }],
    [{ targetBpw: Number.NaN }],
    [{ targetBpw: 33 }],
    [{ targetBpw: 4, targetSize: '5M' }],
  ])('%j is refused', (options) => expect(() => parseTargets(options)).toThrow(UsageError));
});
