import { pythonSetOrder } from '#src/tokenizer/python-set.js';

// PYTHONHASHSEED=0 python3 -c "s = set(); [s.add(n) for n in names]; print(list(s))" with CPython 3.11.
test.each<[string[], string[]]>([
  [
    ['tool_use', 'rag', 'json'],
    ['rag', 'tool_use', 'json'],
  ],
  [
    Array.from({ length: 40 }, (_, i) => `name_${i}`),
    [
      11, 19, 2, 10, 17, 24, 9, 28, 31, 22, 14, 35, 32, 36, 16, 18, 20, 23, 15, 39, 37, 4, 27, 34, 25, 29, 3, 5, 7, 33,
      12, 0, 6, 8, 26, 13, 21, 30, 38, 1,
    ].map((i) => `name_${i}`),
  ],
])('%j', (names, order) => {
  expect(pythonSetOrder(names)).toEqual(order);
});
