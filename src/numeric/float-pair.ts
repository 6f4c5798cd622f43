/**
 * Arithmetic on unevaluated sums of two float32 numbers. Its operations have the order of SLEEF 3 (`df.h`, with FMA),
 * because the order decides the last bit of the results.
 */
export type Pair = readonly [high: number, low: number];

const f32 = Math.fround;
const bits = new BigInt64Array(1);
const double = new Float64Array(bits.buffer);

/** a · b + c for float32 numbers, rounded once. */
export function fma(a: number, b: number, c: number): number {
  const product = a * b; // exact: 24 + 24 bits
  const sum = product + c;
  const part = sum - product;
  const error = product - (sum - part) + (c - part);
  double[0] = sum;
  const word = bits[0] ?? 0n;
  if (error !== 0 && (word & 1n) === 0n) {
    // Rounding the sum to odd keeps the bit that decides the rounding to float32.
    bits[0] = word + (error > 0 === sum > 0 ? 1n : -1n);
  }
  return f32(double[0]);
}

/** A polynomial in x by Horner's method, each step fused. Coefficients begin with the highest power. */
export function polynomial(x: number, coefficients: readonly number[]): number {
  return coefficients.map(f32).reduce((value, coefficient) => fma(value, x, coefficient));
}

/** x + y as a pair without any error: the rounded sum, and what rounding lost. */
export function sumOfFloats(x: number, y: number): Pair {
  const high = f32(x + y);
  const part = f32(high - x);
  return [high, f32(f32(x - f32(high - part)) + f32(y - part))];
}

/** x + y. */
export function addFloat(x: Pair, y: number): Pair {
  const [high, low] = sumOfFloats(x[0], y);
  return [high, f32(low + x[1])];
}

/** x + y. */
export function addPairs(x: Pair, y: Pair): Pair {
  const [high, low] = sumOfFloats(x[0], y[0]);
  return [high, f32(low + f32(x[1] + y[1]))];
}

/** x + y, for |x| >= |y|. */
export function addOrdered(x: Pair, y: Pair): Pair {
  const high = f32(x[0] + y[0]);
  return [high, f32(f32(f32(f32(x[0] - high) + y[0]) + x[1]) + y[1])];
}

/** 1 + y, for |y| <= 1. */
export function addToOne(y: Pair): Pair {
  const high = f32(1 + y[0]);
  return [high, f32(f32(f32(1 - high) + y[0]) + y[1])];
}

/** The same sum with as much as possible in its high part. */
export function normalized(x: Pair): Pair {
  const high = f32(x[0] + x[1]);
  return [high, f32(f32(x[0] - high) + x[1])];
}

/** x · y. */
export function timesFloat(x: Pair, y: number): Pair {
  const high = f32(x[0] * y);
  return [high, fma(x[1], y, fma(x[0], y, -high))];
}

/** x · y. */
export function times(x: Pair, y: Pair): Pair {
  const high = f32(x[0] * y[0]);
  return [high, fma(x[0], y[1], fma(x[1], y[0], fma(x[0], y[0], -high)))];
}

/** x². */
export function squared(x: Pair): Pair {
  const high = f32(x[0] * x[0]);
  return [high, fma(f32(x[0] + x[0]), x[1], fma(x[0], x[0], -high))];
}

/** x / y. */
export function divide(x: Pair, y: Pair): Pair {
  const reciprocal = f32(1 / y[0]);
  const high = f32(x[0] * reciprocal);
  const error = fma(-y[1], reciprocal, fma(-y[0], reciprocal, 1));
  return [high, fma(high, error, fma(x[1], reciprocal, fma(reciprocal, x[0], -high)))];
}
