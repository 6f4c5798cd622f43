import { leastDamage, type Option } from '#src/quantize/target/knapsack.js';

/** Numbers that look random, the same each time: whole ones from 0 to below `end`. */
function numbers(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
}

function instance(seed: number, items: number, options: number, scale: number): Option[][] {
  const next = numbers(seed);
  return Array.from({ length: items }, () =>
    Array.from({ length: options }, () => ({ size: scale * (1 + next(40)), damage: next(1000) / 7 })),
  );
}

const total = (items: readonly Option[][], picked: readonly number[], of: keyof Option) =>
  picked.reduce((sum, k, i) => sum + (items[i]?.[k]?.[of] ?? Number.NaN), 0);

/** By trying all combinations. */
function best([first, ...rest]: readonly Option[][], budget: number): number {
  return first
    ? Math.min(...first.map(({ size, damage }) => (size > budget ? Infinity : damage + best(rest, budget - size))))
    : 0;
}

test.each(Array.from({ length: 60 }, (_, seed) => seed))('no combination does less damage (%i)', (seed) => {
  const items = instance(seed, 6, 4, 1);
  const budget = 60 + 3 * (seed % 40);
  const picked = leastDamage(items, budget);
  const least = best(items, budget);
  if (least === Infinity) {
    expect(picked).toBeNull();
    return;
  }
  expect(total(items, picked ?? [], 'size')).toBeLessThanOrEqual(budget);
  expect(total(items, picked ?? [], 'damage')).toBeCloseTo(least, 9);
});

test('sizes far above the number of steps: never too large, and within a thousandth of the bound', () => {
  const items = instance(7, 300, 9, 999_983);
  const budget = 300 * 12 * 999_983;
  const picked = leastDamage(items, budget) ?? [];
  expect(total(items, picked, 'size')).toBeLessThanOrEqual(budget);
  // What no choice can beat: a price for a byte, and each item's best at that price.
  const bound = Math.max(
    ...Array.from({ length: 400 }, (_, i) => i * 1e-7).map(
      (price) =>
        items.reduce((sum, options) => sum + Math.min(...options.map((o) => o.damage + price * o.size)), 0) -
        price * budget,
    ),
  );
  expect(bound).toBeGreaterThan(0);
  expect(total(items, picked, 'damage')).toBeLessThan(bound * 1.001);
});

test('a budget that is just enough for the smallest, or one byte short', () => {
  const items = [
    [
      { size: 1000, damage: 1 },
      { size: 70, damage: 3 },
    ],
    [{ size: 30, damage: 2 }],
  ];
  expect(leastDamage(items, 100)).toEqual([1, 0]);
  expect(leastDamage(items, 99)).toBeNull();
  expect(leastDamage(items, 1e12)).toEqual([0, 0]);
  expect(leastDamage([], 0)).toEqual([]);
});
