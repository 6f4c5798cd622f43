import { readCondition, readValue } from '#src/language/formulas.js';

const field = (...fields: string[]) => ({ fields, required: true });

test.each<[string, object]>([
  ['hidden_size|n_embd', field('hidden_size', 'n_embd')],
  ['head_dim?', { fields: ['head_dim'] }],
  ['theta?-1e-5', { fields: ['theta'], or: -1e-5 }],
  ['causal?false', { fields: ['causal'], or: false }],
  ['rope/rope_theta', { fields: ['rope_theta'], of: 'rope', required: true }],
  ['dflash_config/block_size?', { fields: ['block_size'], of: ['dflash_config'] }],
  ['@head_dim', { derive: 'head_dim' }],
  ['probe(two words)?', { probe: 'two words' }],
  ['[1, 2]', { value: [1, 2] }],
  ['"a \\"b\\""', { value: 'a "b"' }],
  ['a - b - 1', { math: 'sub', of: [field('a'), field('b'), { value: 1 }] }],
  ['a - (b - 1)', { math: 'sub', of: [field('a'), { math: 'sub', of: [field('b'), { value: 1 }] }] }],
  ['1 + a * b', { math: 'add', of: [{ value: 1 }, { math: 'mul', of: [field('a'), field('b')] }] }],
  ['a * b // 2', { math: 'quotient', of: [{ math: 'mul', of: [field('a'), field('b')] }, { value: 2 }] }],
  ['a * b ** -0.5', { math: 'mul', of: [field('a'), { math: 'pow', of: [field('b'), { value: -0.5 }] }] }],
  ['floor(a)', { math: 'quotient', of: [field('a'), { value: 1 }] }],
  ['a? else b + 1', { first: [{ fields: ['a'] }, { math: 'add', of: [field('b'), { value: 1 }] }] }],
  ['sizes[1]', { element: 1, of: field('sizes') }],
  ['layers(types is "x")', { layers: { list: field('types'), is: 'x' } }],
  [
    'layers(not every 4 after 1, 0, a)',
    { layers: { not: { every: { value: 4 }, after: 1 } }, yes: { value: 0 }, no: field('a') },
  ],
])('the value %s', (text, value) => {
  expect(readValue(text)).toEqual(value);
});

test.each<[string, object]>([
  ['model_type == "x"', { field: 'model_type', is: 'x' }],
  ['a? == 1', { value: { fields: ['a'] }, is: 1 }],
  ['a not in [1, null]', { not: { field: 'a', is: [1, null] } }],
  ['a > 0', { value: { fields: ['a'] }, above: 0 }],
  ['set part/a!', { set: { fields: ['a'], of: ['part'], required: true } }],
  ['lacks a', { field: 'a', exists: false }],
  ['@is_tied or not probe(tied)', { any: [{ derive: 'is_tied', is: true }, { not: { probe: 'tied', is: true } }] }],
  [
    'has a and (has b or has c)',
    {
      all: [{ field: 'a', exists: true }, { any: ['b', 'c'].map((name) => ({ field: name, exists: true })) }],
    },
  ],
])('the condition %s', (text, condition) => {
  expect(readCondition(text)).toEqual(condition);
});

test.each<[string, () => unknown, string]>([
  ['a sign without a value', () => readValue('a +'), 'no value where ""'],
  ['an open parenthesis', () => readValue('(a + b'), 'no ")" where ""'],
  ['more than a value', () => readValue('a b'), 'no end where "b"'],
  ['a condition that compares nothing', () => readCondition('a and has b'), 'no comparison where "and has b"'],
])('what is wrong is shown: %s', (_, read, message) => {
  expect(read).toThrow(SyntaxError);
  expect(read).toThrow(message);
});
