import { JsonLimitError, parseJsonObject } from '#src/json.js';
import { array, boolean, ConfigFieldError, integer, number, string } from '#src/language/fields.js';

const source = (text: string, path?: string) => ({
  hparams: parseJsonObject(text, 'config.json'),
  ...(path && { path }),
});

describe('integer', () => {
  test('takes the first name that is there', () => {
    expect(integer(source('{"b": 2, "c": 3}'), 'a', 'b', 'c')).toBe(2);
  });

  test('a null hides the names after it', () => {
    expect(integer.optional(source('{"a": null, "b": 2}'), 'a', 'b')).toBeUndefined();
  });

  test('takes a whole number written as a float', () => {
    expect(integer(source('{"a": 2.0}'), 'a')).toBe(2);
  });

  test.each(['1.5', '-1', '4294967296', 'true', '"2"', '[2]', '{}', 'Infinity', '1e300'])('refuses %s', (value) => {
    expect(() => integer(source(`{"a": ${value}}`), 'a')).toThrow(ConfigFieldError);
  });

  test('says where and what', () => {
    expect(() => integer(source('{"factor": "x"}', 'rope_parameters'), 'factor')).toThrow(
      'rope_parameters.factor in config.json is "x", not a whole number from 0 to 4294967295.',
    );
    expect(() => integer(source('{}'), 'n_layers', 'num_hidden_layers')).toThrow(
      'config.json has no n_layers or num_hidden_layers.',
    );
  });

  test('cuts a long value', () => {
    expect(() => integer(source(`{"a": "${'x'.repeat(10_000)}"}`), 'a')).toThrow(/^.{0,250}$/s);
  });
});

test('a value nested too deep to print', () => {
  const deep = `{"a": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  expect(() => source(deep)).toThrow(JsonLimitError);
  expect(() => integer({ hparams: JSON.parse(deep) }, 'a')).toThrow('a in config.json is a list, not a whole number');
});

test("numbers: float32's range, and Python's Infinity", () => {
  expect(number(source('{"a": 1e-6}'), 'a')).toBe(1e-6);
  expect(number(source('{"a": Infinity}'), 'a')).toBe(Number.POSITIVE_INFINITY);
  expect(number.optional(source('{"a": -Infinity}'), 'a')).toBe(Number.NEGATIVE_INFINITY);
  expect(number.optional(source('{"a": NaN, "b": "a NaN \\" NaN"}'), 'a')).toBeUndefined();
  expect(() => number(source('{"a": 1e39}'), 'a')).toThrow(ConfigFieldError);
  expect(() => number(source('{"a": true}'), 'a')).toThrow(ConfigFieldError);
});

test('other kinds', () => {
  const fields = source('{"yes": true, "name": "NaN and Infinity", "list": [1], "one": 1}');
  expect(boolean(fields, 'yes')).toBe(true);
  expect(string(fields, 'name')).toBe('NaN and Infinity');
  expect(array(fields, 'list')).toEqual([1]);
  expect(() => boolean(fields, 'one')).toThrow(ConfigFieldError);
  expect(() => string(fields, 'one')).toThrow(ConfigFieldError);
  expect(() => array(fields, 'name')).toThrow(ConfigFieldError);
});
