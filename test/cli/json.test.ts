import { toJsonLine } from '#src/cli/json.js';

test('what JSON has no numbers for is text, and long lists are cut', () => {
  const list = { type: 'array', of: 'u32', value: Uint32Array.from({ length: 65 }, (_, i) => i) };
  expect(JSON.parse(toJsonLine({ a: 2n ** 60n, b: 5n, c: Number.NaN, d: Number.POSITIVE_INFINITY, list }))).toEqual({
    a: '1152921504606846976',
    b: 5,
    c: 'NaN',
    d: 'Infinity',
    list: { type: 'array', of: 'u32', length: 65, first: [0, 1, 2, 3, 4, 5, 6, 7] },
  });
});

test('the importance of columns, which a plan has beside its tensors, is left out', () => {
  expect(toJsonLine({ name: 'x', weights: new Float32Array(1000) })).toBe('{"name":"x"}');
});
