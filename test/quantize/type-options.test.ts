import {
  parseTensorType,
  parseTensorTypeFile,
  parseTensorTypeRule,
  TensorTypeError,
  TensorTypeRuleError,
} from '#src/quantize/type-options.js';

describe('--tensor-type', () => {
  test('the name is lower-cased and matches anywhere; case does not matter in the type', () => {
    const { pattern, type } = parseTensorTypeRule('ATTN_[KV]\\.weight=iq4_NL');
    expect(type).toBe('IQ4_NL');
    expect(pattern.test('blk.0.attn_v.weight')).toBe(true);
    expect(pattern.test('blk.0.attn_q.weight')).toBe(false);
  });

  test('the first = ends the name', () => {
    expect(() => parseTensorTypeRule('a=b=q8_0')).toThrow(/"b=q8_0" is no type/);
  });

  test.each(['attn_v', '=q8_0', 'attn_v=', ''])('%j is malformed', (text) => {
    expect(() => parseTensorTypeRule(text)).toThrow(TensorTypeRuleError);
    expect(() => parseTensorTypeRule(text)).toThrow(/is not NAME=TYPE/);
  });

  test.each([
    ['blk.(0=q8_0', /Invalid regular expression/],
    ['blk.[[:digit:]]=q8_0', /\[:digit:\].*\[0-9\]/],
  ])('%s has no usable pattern', (text, message) => {
    expect(() => parseTensorTypeRule(text)).toThrow(TensorTypeRuleError);
    expect(() => parseTensorTypeRule(text)).toThrow(message);
  });
});

describe('types', () => {
  test.each([
    ['q4_K', 'Q4_K'],
    ['NVFP4', 'NVFP4'],
    ['bf16', 'BF16'],
    ['mxfp4', 'MXFP4'],
  ])('%s', (name, type) => {
    expect(parseTensorType(name, '--output-tensor-type')).toBe(type);
  });

  // q8_1, q8_K and the integers are ggml types, but no tensor is converted to them; Q4_K_M is a file type.
  test.each(['q9_0', 'q8_1', 'q8_K', 'i32', 'f64', 'q4_k_m', 'constructor', ''])('%j is refused', (name) => {
    const parse = () => parseTensorType(name, '--output-tensor-type');
    expect(parse).toThrow(TensorTypeError);
    expect(parse).toThrow(/^--output-tensor-type: .*hf2gguf types lists them\.$/);
  });
});

describe('--tensor-type-file', () => {
  test('rules in their order, separated by any white space', () => {
    const rules = parseTensorTypeFile('\n attn_v=q8_0\tffn=q5_0\r\n\nOUTPUT=q6_k\n', 'types.txt');
    expect(rules.map(({ pattern, type }) => [pattern.source, type])).toEqual([
      ['attn_v', 'Q8_0'],
      ['ffn', 'Q5_0'],
      ['output', 'Q6_K'],
    ]);
    expect(parseTensorTypeFile(' \n', 'types.txt')).toEqual([]);
  });

  test('what is wrong names the file', () => {
    expect(() => parseTensorTypeFile('attn_v = q8_0', 'types.txt')).toThrow(/^--tensor-type-file types\.txt: "attn_v"/);
  });
});
