/** torch's `base ** exponents` for a float32 tensor, in float32. */
export function pow(base: number, exponents: readonly number[]): number[] {
  return exponents.map((exponent) => Math.fround(base ** exponent));
}
