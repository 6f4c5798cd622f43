import { checkNumbers, NumberError, type NumberOption } from '#src/options/numbers.js';

test.each<[NumberOption, number]>([
  ['jobs', 0],
  ['jobs', -1],
  ['jobs', 1.5],
  ['jobs', Number.NaN],
  ['jobs', 1e99],
  ['maxMemory', 0],
  ['ctx', 7],
  ['ctx', 16.5],
  ['ctx', 2 ** 30],
  ['chunks', 0],
  ['maxTokens', Number.POSITIVE_INFINITY],
  ['temperature', -0.1],
  ['temperature', 1e99],
  ['topP', 1.01],
  ['topK', -1],
  ['seed', 2 ** 32],
  ['maxKld', -1],
  ['maxKld', Number.NaN],
  ['targetBpw', 33],
])('%s: %d is refused', (name, value) => {
  expect(() => checkNumbers({ [name]: value })).toThrow(NumberError);
});

test('what makes sense passes', () => {
  checkNumbers({ jobs: 1, ctx: 8, topP: 1, topK: 0, temperature: 0.8, seed: 0, maxKld: 0.01, targetBpw: 4.5 });
});
