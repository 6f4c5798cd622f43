/** A logarithmic axis with round ticks; it begins and ends at a tick. */
export interface LogScale {
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
}

/** The mantissas that ticks may have, the finest list first. The first list that gives few enough ticks is used. */
const MANTISSAS = [Array.from({ length: 90 }, (_, i) => (10 + i) / 10), [1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1]];
const MOST_TICKS = 9;

/** Makes an axis from the round number below all values to the one above. Values that are not positive are ignored. */
export function logScale(values: readonly number[]): LogScale {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const [least, most] = positive.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    positive.length > 0 ? [Number.POSITIVE_INFINITY, 0] : [0.1, 1],
  );
  const fits = MANTISSAS.map((mantissas) => ticksAround(least, most, mantissas));
  const ticks = fits.find(({ length }) => length <= MOST_TICKS) ?? fits.at(-1) ?? [];
  return { domain: [ticks[0] ?? least, ticks.at(-1) ?? most], ticks };
}

function ticksAround(least: number, most: number, mantissas: readonly number[]): number[] {
  const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most)) + 1];
  const exponents = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  // Parse a decimal: the product with a power of ten is not always the nearest number.
  const round = exponents.flatMap((exponent) => mantissas.map((mantissa) => Number(`${mantissa}e${exponent}`)));
  const low = round.findLastIndex((tick) => tick <= least);
  const high = round.findIndex((tick, i) => tick >= most && i > low);
  return round.slice(Math.max(0, low), high + 1);
}
