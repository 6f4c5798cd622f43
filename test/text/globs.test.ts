import { globs } from '#src/text/globs.js';

test.each([
  [['mlp*'], 'mlp.0.weight', true],
  [['mlp*'], 'model.mlp.weight', false],
  [['*visual.*'], 'model.visual.blocks.0', true],
  [['*.attention.bias'], 'h.0.attention.bias', true],
  [['*.attention.bias'], 'h.0.attention.bias.weight', false],
  [['a*b*c'], 'a.b.b.c', true],
  [['a*b*c'], 'a.c.b', false],
  [['ab*ba'], 'aba', false],
  [['exact'], 'exact', true],
  [['exact'], 'exactly', false],
  [['a.b'], 'axb', false],
  [['no', 'yes*'], 'yes', true],
  [['*'], 'any\nthing', true],
  [[], 'nothing', false],
])('%j and %j: %j', (patterns, name, isThere) => {
  expect(globs(patterns)(name)).toBe(isThere);
});

test('many stars on a long name take no time', () => {
  expect(globs([`${'*a'.repeat(500)}*b`])('a'.repeat(100_000))).toBe(false);
});
