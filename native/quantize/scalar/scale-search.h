// The searches for a sub-block's scale, one sub-block at a time. Every operation rounds to float32, in this order.
// Reference: make_qkx2_quants, make_qkx3_quants and make_qx_quants in ggml-quants.c of llama.cpp v0.5.0.
#pragma once
#include "../common/bits.h"
#include "../common/search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

struct Affine {
  float scale, min;  // x is about scale * level + min; min is never positive
};

/** The candidate with the smallest weighted error, and the levels that it comes from. */
template <int COUNT>
Affine searchAffine(const AffineSearch& search, const float* x, const float* weights, uint8_t* levels) {
  float min = x[0], max = x[0], sumW = weights[0], sumX = weights[0] * x[0];
  for (int i = 1; i < COUNT; ++i) {
    if (x[i] < min) min = x[i];
    if (x[i] > max) max = x[i];
    sumW += weights[i];
    sumX += weights[i] * x[i];
  }
  if (min > 0) min = 0;
  if (max == min) {
    __builtin_memset(levels, 0, COUNT);
    return {0, min};
  }

  uint8_t candidate[COUNT];
  const auto round = [&](float inverse) {
    for (int i = 0; i < COUNT; ++i) candidate[i] = uint8_t(clamp(nearestInt(inverse * (x[i] - min)), 0, search.levels));
  };
  const auto error = [&](Affine fit) {
    float sum = 0;
    for (int i = 0; i < COUNT; ++i) {
      const float difference = fit.scale * float(candidate[i]) + fit.min - x[i];
      sum += weights[i] * (search.absolute ? __builtin_fabsf(difference) : difference * difference);
    }
    return sum;
  };

  const float inverse = float(search.levels) / (max - min);
  Affine best = {1 / inverse, min};
  round(inverse);
  float bestError = error(best);
  __builtin_memcpy(levels, candidate, COUNT);

  for (int step = 0; step <= search.steps; ++step) {
    round(search.spread(step) / (max - min));
    float sumL = 0, sumL2 = 0, sumXL = 0;
    for (int i = 0; i < COUNT; ++i) {
      const float level = candidate[i], weighted = weights[i] * level;
      sumL += weighted;
      sumL2 += weighted * level;
      sumXL += weighted * x[i];
    }
    const float determinant = sumW * sumL2 - sumL * sumL;
    if (!(determinant > 0)) continue;
    Affine fit = {(sumW * sumXL - sumX * sumL) / determinant, (sumL2 * sumX - sumL * sumXL) / determinant};
    if (fit.min > 0) fit = {sumXL / sumL2, 0};
    const float fitError = error(fit);
    if (fitError < bestError) {
      bestError = fitError;
      best = fit;
      min = fit.min;  // ref-quirk: later candidates are spread from the new minimum
      __builtin_memcpy(levels, candidate, COUNT);
    }
  }
  return best;
}

/** The value of largest magnitude, the first of equals. */
template <int COUNT>
float extremeOf(const float* x) {
  float extreme = 0;
  for (int i = 0; i < COUNT; ++i) {
    if (__builtin_fabsf(x[i]) > __builtin_fabsf(extreme)) extreme = x[i];
  }
  return extreme;
}

/** The scale for levels -LEVELS ... LEVELS - 1, which are stored with LEVELS added (or all 0 if there is nothing). */
template <int COUNT, int LEVELS>
float searchSymmetric(const float* x, const float* weights, uint8_t* levels) {
  const float extreme = extremeOf<COUNT>(x);
  if (__builtin_fabsf(extreme) < NOTHING) {
    __builtin_memset(levels, 0, COUNT);
    return 0;
  }

  const auto level = [&](float inverse, int i) { return clamp(nearestInt(inverse * x[i]), -LEVELS, LEVELS - 1); };
  float sumXL, sumL2;
  const auto fit = [&](float inverse) {
    sumXL = sumL2 = 0;
    for (int i = 0; i < COUNT; ++i) {
      const float l = float(level(inverse, i));
      sumXL += weights[i] * x[i] * l;
      sumL2 += weights[i] * l * l;
    }
  };

  float bestInverse = -LEVELS / extreme;
  fit(bestInverse);
  float scale = sumL2 != 0 ? sumXL / sumL2 : 0.0f, best = scale * sumXL;
  for (int step = SYMMETRIC_FIRST; step <= SYMMETRIC_LAST; ++step) {
    if (step == 0) continue;
    const float inverse = -(LEVELS + 0.1f * float(step)) / extreme;
    fit(inverse);
    if (sumL2 > 0 && sumXL * sumXL > best * sumL2) {
      scale = sumXL / sumL2;
      best = scale * sumXL;
      bestInverse = inverse;
    }
  }
  for (int i = 0; i < COUNT; ++i) levels[i] = uint8_t(LEVELS + level(bestInverse, i));
  return scale;
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
