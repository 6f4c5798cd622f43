import {
  addFloat,
  addOrdered,
  addPairs,
  addToOne,
  divide,
  normalized,
  type Pair,
  polynomial,
  squared,
  sumOfFloats,
  times,
  timesFloat,
} from './float-pair.js';

const f32 = Math.fround;

/**
 * torch's float32 `base ** exponents` on x86-64, to the bit. Its vector loop takes 16 elements at a time (AVX2) through
 * SLEEF's `powf` with an error below one unit in the last place, and the rest through libm's, which rounds correctly.
 *
 * SLEEF computes exp(exponent · log(base)) in pairs of floats, whose sum is the value; every step is rounded to float32
 * and products are fused with sums. Method and coefficients: sleefsp.c of SLEEF 3, `xpowf`, `logkf`, `expkf`.
 */
export function pow(base: number, exponents: readonly number[]): number[] {
  const log = logPair(base);
  const vectorized = exponents.length - (exponents.length % 16);
  return exponents.map((exponent, index) =>
    index < vectorized && base > 1e-30 && base < 1e30 ? vectorPow(base, exponent, log) : Math.fround(base ** exponent),
  );
}

function vectorPow(base: number, exponent: number, log: Pair): number {
  return base === 1 || exponent === 0 ? 1 : expOfPair(timesFloat(log, exponent));
}

/** log(x) for a normal x > 0, as e · log(2) + 2 · artanh((m - 1) / (m + 1)) with m · 2^e = x and m in [0.75, 1.5). */
function logPair(x: number): Pair {
  const exponent = Math.floor(Math.log2(f32(x * f32(1 / 0.75))));
  const mantissa = x / 2 ** exponent;
  const ratio = divide(sumOfFloats(-1, mantissa), sumOfFloats(1, mantissa));
  const square = squared(ratio);
  const tail = polynomial(square[0], [0.2403203547000885, 0.2851126790046692, 0.4000079929828644]);
  const series = addPairs(timesFloat(square, tail), [f32(0.6666666269302368), f32(3.6918386125961433e-9)]);
  const linear = addOrdered(timesFloat([f32(0.6931471824645996), f32(-1.904654323148236e-9)], exponent), [
    ratio[0] * 2,
    ratio[1] * 2,
  ]);
  return addOrdered(linear, times(times(square, ratio), series));
}

/** exp(x): a power of two for the nearest multiple of log(2), times a polynomial of the rest. */
function expOfPair(x: Pair): number {
  const multiple = roundToEven(f32(f32(x[0] + x[1]) * f32(Math.LOG2E)));
  const reduced = addFloat(
    addFloat(x, f32(multiple * f32(-0.693145751953125))),
    f32(multiple * f32(-1.428606765330187e-6)),
  );
  const rest = normalized(reduced);
  const tail = polynomial(
    rest[0],
    [0.0013632464688271284, 0.00836596917361021, 0.04167108237743378, 0.16666552424430847, 0.49999985098838806],
  );
  const [high, low] = addToOne(addOrdered(rest, timesFloat(squared(rest), tail)));
  return f32(f32(high + low) * 2 ** multiple);
}

function roundToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}
