import { MalformedJsonError, parseJson } from '#src/json.js';

/** What Python's `json.loads` gives for the same texts; NaN, which no field means, is null. */
test.each([
  ['[Infinity, -Infinity, NaN]', [Infinity, -Infinity, null]],
  ['{"Infinity": "Infinity NaN", "a\\"NaN": NaN}', { Infinity: 'Infinity NaN', 'a"NaN': null }],
  ['["\\\\", Infinity, "\\\\\\"", NaN, "x"]', ['\\', Infinity, '\\"', null, 'x']],
  ['  {"a": [Infinity]}  ', { a: [Infinity] }],
])('%s', (text, value) => {
  expect(parseJson(text, 'x.json')).toEqual(value);
});

test('many infinities', () => {
  const count = 300_000;
  const list = parseJson(`[${new Array(count).fill('Infinity').join(',')}]`, 'x.json');
  expect(list).toHaveLength(count);
  expect(new Set(list as number[])).toEqual(new Set([Infinity]));
});

test.each(['', '{', '["', '["\\', '[Infinity', '[NaNa]', '[Inf]', '{"a": 1,}', ']', '\0'])('no JSON: %j', (text) => {
  expect(() => parseJson(text, 'x.json')).toThrow(MalformedJsonError);
});
