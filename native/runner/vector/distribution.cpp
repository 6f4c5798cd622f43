// Functions of logits in float64, because logarithms of probabilities are compared to many digits over a whole
// vocabulary.
#include "families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

constexpr int HALF = REGISTER / 2;
typedef double RegisterD __attribute__((vector_size(HF2GGUF_REGISTER_BYTES)));
typedef uint64_t RegisterL __attribute__((vector_size(HF2GGUF_REGISTER_BYTES)));
typedef float HalfF __attribute__((vector_size(HF2GGUF_REGISTER_BYTES / 2)));

/** Widens `count` floats to doubles, with `padding` after them. */
inline RegisterD widen(const float* x, int count, float padding) {
  HalfF v = HalfF{} + padding;
  __builtin_memcpy(&v, x, 4 * count);
  return __builtin_convertvector(v, RegisterD);
}

/** Calls `function(start, length)` for each stretch of HALF numbers, and for the rest. */
template <class Function>
inline void eachHalf(size_t count, Function function) {
  size_t i = 0;
  for (; i + HALF <= count; i += HALF) function(i, HALF);
  if (i < count) function(i, int(count - i));
}

double sumOf(RegisterD v) {
  double sum = 0;
  for (int lane = 0; lane < HALF; ++lane) sum += v[lane];
  return sum;
}

float largestOf(const float* x, size_t count) {
  RegisterF tops = RegisterF{} - __builtin_inff();
  size_t i = 0;
  for (; i + REGISTER <= count; i += REGISTER) tops = larger(tops, load<RegisterF>(x + i));
  float top = tops[0];
  for (int lane = 1; lane < REGISTER; ++lane) top = top > tops[lane] ? top : tops[lane];
  for (; i < count; ++i) top = top > x[i] ? top : x[i];
  return top;
}

/**
 * e^x for x <= 0 with a relative error of 1e-14, and 0 below -708, near where doubles become subnormal: 2^n times the
 * series of e^r, |r| <= ln(2) / 2.
 */
inline RegisterD exponential(RegisterD x) {
  constexpr double ROUND = 0x1.8p52;  // adding it leaves an integer in the low bits
  constexpr double LOWEST = -708;
  const RegisterD shifted = x * 0x1.71547652b82fep0 + ROUND, n = shifted - ROUND;
  const RegisterD r = x - n * 0x1.62e42feep-1 - n * 0x1.a39ef35793c76p-33;  // ln(2) in two parts
  constexpr double FACTORS[] = {1. / 39916800, 1. / 3628800, 1. / 362880, 1. / 40320, 1. / 5040, 1. / 720,
                                1. / 120,      1. / 24,      1. / 6,      1. / 2,     1.,       1.};
  RegisterD series = RegisterD{} + 1. / 479001600;
  for (const double factor : FACTORS) series = series * r + factor;
  const RegisterL exponent = (RegisterL)shifted << 52;  // what ROUND has there is shifted out
  const RegisterD power = (RegisterD)((RegisterL)series + exponent);
  return x < LOWEST ? RegisterD{} : power;  // NaN stays
}

}  // namespace

Exponentials exponentials(const float* logits, size_t count, double* to) {
  const float largest = largestOf(logits, count);
  size_t top = 0;
  while (top + 1 < count && logits[top] != largest) ++top;
  RegisterD sums = {};
  eachHalf(count, [&](size_t i, int length) {
    const RegisterD v = exponential(widen(logits + i, length, -__builtin_inff()) - double(largest));
    __builtin_memcpy(to + i, &v, 8 * length);
    sums += v;
  });
  return {top, sumOf(sums)};
}

double weightedDifference(const double* weights, const float* left, const float* right, size_t count) {
  RegisterD sums = {};
  eachHalf(count, [&](size_t i, int length) {
    RegisterD weight = {};
    __builtin_memcpy(&weight, weights + i, 8 * length);
    sums += weight * (widen(left + i, length, 0) - widen(right + i, length, 0));
  });
  return sumOf(sums);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
