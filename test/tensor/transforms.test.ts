import type { TensorExpr } from '#src/tensor/expr.js';
import { memoryOf, rowCount, segments, shapeOf } from '#src/tensor/rows.js';
import { TRANSFORMS, type TransformName } from '#src/tensor/transforms.js';
import { Dice } from '../fuzz/dice.js';

/** Rules come from files too: no parameter may make an expression that is none. */

const NUMBERS = [-2, -1, 0, 1, 2, 3, 4, 5, 6, 8, 12, 0.5, 1.5, 2.5, 2 ** 31, 2 ** 53, 1e300];

test('any transforms with any parameters: an expression of whole sizes, or a RangeError', () => {
  const names = Object.keys(TRANSFORMS) as TransformName[];
  let made = 0;
  for (let i = 0; i < 20_000; i++) {
    const dice = new Dice(34, i);
    const shape = Array.from({ length: 1 + dice.below(3) }, () => dice.pick([1, 2, 3, 4, 6]));
    let tensors: readonly TensorExpr[] = Array.from({ length: 1 + dice.below(2) }, (_, n) => {
      return { op: 'source', name: `${n}`, file: 'f', offset: 0, dtype: dice.pick(['F32', 'F16', 'BF16']), shape };
    });
    try {
      for (let step = 1 + dice.below(3); step > 0; step--) {
        const numbers = Array.from({ length: dice.below(4) }, () => dice.pick(NUMBERS));
        tensors = TRANSFORMS[dice.pick(names)](tensors, numbers);
      }
    } catch (error) {
      expect(error).toMatchObject({ name: 'RangeError' });
      continue;
    }
    for (const expr of tensors) {
      expect(shapeOf(expr).every((size) => Number.isSafeInteger(size) && size >= 0)).toBe(true);
      expect(Number.isSafeInteger(rowCount(expr))).toBe(true);
      expect(Number.isSafeInteger(memoryOf(expr))).toBe(true);
      const bytes = shape.reduce((product, size) => product * size, 4);
      const ends = segments(expr).map(({ offset, length, count, stride }) => offset + (count - 1) * stride + length);
      expect(ends.every((end) => end <= bytes)).toBe(true);
      made++;
    }
  }
  expect(made).toBeGreaterThan(2000);
});
