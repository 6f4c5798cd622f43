// torch's float32 softplus on x86-64 with AVX2: log(1 + e^x), and x itself above 20. torch's loop computes 16 elements
// at a time with SLEEF's functions (sleefsimdsp.c of SLEEF 3: xexpf, xlog1pf), and the rest with the C library's.
#pragma once
#include "../../quantize/common/bits.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

constexpr size_t SOFTPLUS_TOGETHER = 16;
constexpr float SOFTPLUS_THRESHOLD = 20;

/** A sum of two floats. */
struct FloatPair {
  float high, low;
};

// As in SLEEF, products and sums are fused where fma is written, for every instruction set.

inline float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

/** a + b for |a| >= |b|. */
inline FloatPair addOrdered(FloatPair a, float b) {
  const float sum = a.high + b;
  return {sum, a.high - sum + b + a.low};
}
inline FloatPair addOrdered(FloatPair a, FloatPair b) {
  const float sum = a.high + b.high;
  return {sum, a.high - sum + b.high + a.low + b.low};
}
inline FloatPair multiply(FloatPair a, float b) {
  const float product = a.high * b;
  return {product, fma(a.low, b, fma(a.high, b, -product))};
}
inline FloatPair divide(float a, FloatPair b) {
  const float inverse = 1 / b.high, quotient = a * inverse;
  const float rest = fma(-b.low, inverse, fma(-b.high, inverse, 1));
  return {quotient, fma(quotient, rest, fma(inverse, a, -quotient))};
}

/** x * 2^n for n >= -252, as two products. */
inline float timesPowerOfTwo(float x, int n) {
  const int half = n >> 1;
  return x * floatOf(uint32_t(half + 127) << 23) * floatOf(uint32_t(n - half + 127) << 23);
}

/** e^x for x <= SOFTPLUS_THRESHOLD: 2^n times a polynomial in x - n log(2). */
inline float sleefExp(float x) {
  if (x < -104) return 0;
  const float n = x * 0x1.715476p+0f + ROUNDER - ROUNDER;
  const float r = fma(n, -1.428606765330187e-06f, fma(n, -0.693145751953125f, x));
  constexpr float FACTORS[] = {0.0013930435525253415f, 0.008333360776305199f, 0.041666485369205475f,
                               0.1666666716337204f, 0.5f};
  float series = 0.00019852761761285365f;
  for (const float factor : FACTORS) series = fma(series, r, factor);
  return timesPowerOfTwo(1 + fma(r * r, series, r), int(n));
}

/** log(1 + x) for x >= 0, as e log(2) + 2 artanh(m / (m + 2)) with (1 + m) 2^e = 1 + x and 1 + m in [0.75, 1.5). */
inline float sleefLog1p(float x) {
  const int exponent = int(bitsOf((x + 1) * (1 / 0.75f)) >> 23) - 127;
  const float scale = floatOf(uint32_t(127 - exponent) << 23);
  const float m = fma(x, scale, scale - 1);
  const FloatPair ratio = divide(m, addOrdered({2, 0}, m));
  const float square = ratio.high * ratio.high;
  const float series = fma(fma(0.3027294874f, square, 0.3996108174f), square, 0.6666694880f);
  const FloatPair linear = addOrdered(multiply({0.6931471824645996f, -1.904654323148236e-09f}, float(exponent)),
                                      {2 * ratio.high, 2 * ratio.low});
  const FloatPair sum = addOrdered(linear, square * ratio.high * series);
  return sum.high + sum.low;
}

inline void softplus(const float* x, float* to, size_t count) {
  const size_t vectorized = count - count % SOFTPLUS_TOGETHER;
  for (size_t i = 0; i < count; ++i) {
    if (x[i] > SOFTPLUS_THRESHOLD || x[i] != x[i]) {
      to[i] = x[i];
    } else {
      to[i] = i < vectorized ? sleefLog1p(sleefExp(x[i])) : __builtin_log1pf(__builtin_expf(x[i]));
    }
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
