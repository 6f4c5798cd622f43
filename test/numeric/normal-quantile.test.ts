import { normalQuantile } from '#src/numeric/normal-quantile.js';

/** What torch.distributions.Normal(0, 1).icdf makes of float32 shares (torch 2.15). */
test.each([
  [0.05, -1.6448535919189453],
  [0.25, -0.6744897365570068],
  [0.5, 0],
  [0.75, 0.6744897365570068],
  [0.9, 1.281551480293274],
  [0.95, 1.6448535919189453],
  [0.975, 1.9599642753601074],
  [0.99, 2.326348304748535],
  [0.999, 3.090236186981201],
  [0, Number.NEGATIVE_INFINITY],
  [1, Number.POSITIVE_INFINITY],
])('%d of the normal distribution lies below %d', (share, value) => {
  expect(normalQuantile(share)).toBe(value);
});
