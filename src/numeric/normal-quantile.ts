const f32 = Math.fround;

/**
 * The value below which a share of the standard normal distribution lies, as `torch.distributions.Normal(0, 1).icdf`
 * computes it in float32. torch's own inverse error function is off by one unit of the last place at times.
 */
export function normalQuantile(share: number): number {
  return f32(f32(inverseErf(f32(2 * f32(share) - 1))) * f32(Math.SQRT2));
}

/** Newton's method from 0: the steps go towards the result from one side, for the function bends one way. */
function inverseErf(y: number): number {
  if (Math.abs(y) >= 1) {
    return Math.abs(y) > 1 ? Number.NaN : y * Number.POSITIVE_INFINITY;
  }
  let x = 0;
  for (let step = 0; step < MAX_STEPS; step++) {
    x -= (erf(x) - y) / (HALF_SLOPE * 2 * Math.exp(-x * x));
  }
  return x;
}

const MAX_STEPS = 40;

/** Half of erf's slope at 0. */
const HALF_SLOPE = 1 / Math.sqrt(Math.PI);

/** A series of terms of one sign. */
function erf(x: number): number {
  let term = x;
  let sum = 0;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 2 ** -60; n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 1);
  }
  return 2 * HALF_SLOPE * Math.exp(-x * x) * sum;
}
