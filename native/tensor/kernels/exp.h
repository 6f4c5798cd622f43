// torch's float32 exp on x86-64. A torch that is built with MKL uses vmsExp with high accuracy, whose result depends on
// the processor. This computes what MKL computes without FMA (MKL_CBWR=COMPATIBLE, or AVX), with every operation
// rounded to float32. The method was found by comparing results. The period of the errors gave the table's size, their
// shape the polynomial, and their noise the way in which the remainder is computed.
#pragma once
#include "../../quantize/common/bits.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

constexpr int EXP_STEPS = 128;  // of a power of two

/** 2^(j / EXP_STEPS) as sums of two floats. */
struct PowerTable {
  float high[EXP_STEPS], low[EXP_STEPS];
};

constexpr PowerTable makePowers() {
  PowerTable powers = {};
  for (int j = 0; j < EXP_STEPS; ++j) {
    const double x = j * 0x1.62e42fefa39efp-1 / EXP_STEPS;  // log(2) times the exponent
    double term = 1, power = 0;
    for (int k = 1; k < 24; ++k) {
      power += term;
      term = term * x / k;
    }
    powers.high[j] = float(power);
    powers.low[j] = float(power - powers.high[j]);
  }
  return powers;
}
constexpr PowerTable POWERS = makePowers();

inline float powerOfTwo(int exponent) { return floatOf(uint32_t(exponent + 127) << 23); }

/** Beyond this limit e^x or its reciprocal is not a normal float, and MKL rounds the exact value. */
constexpr float EXP_LIMIT = 0x1.5d58ap+6f;  // 126 log(2)

/** e^x = 2^(n / EXP_STEPS) * e^r with the nearest n, for |x| up to the limit. */
inline float exponential(float value) {
  constexpr float STEPS_OF_ONE = 0x1.715476p+7f;               // EXP_STEPS / log(2)
  constexpr float STEP = 0x1.63p-8f, REST = -0x1.bd0106p-20f;  // log(2) / EXP_STEPS, in two parts
  const float x = __builtin_fabsf(value) < EXP_LIMIT ? value : 0;
  const int n = nearestInt(x * STEPS_OF_ONE);
  const float r = (x - float(n) * STEP) - float(n) * REST;
  const float growth = r + r * r * 0.5f;  // e^r - 1
  const float high = POWERS.high[n & (EXP_STEPS - 1)], low = POWERS.low[n & (EXP_STEPS - 1)];
  return (high + (low + high * growth)) * powerOfTwo(n >> 7);
}

inline void exponentials(const float* x, float* to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = exponential(x[i]);
  for (size_t i = 0; i < count; ++i) {
    if (!(__builtin_fabsf(x[i]) < EXP_LIMIT)) to[i] = float(__builtin_exp(double(x[i])));  // NaN too
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
