// The searches for a scale that go over the levels several times and change those whose change fits better, one run of
// values at a time. Every operation rounds to float32, in this order.
// Reference: make_q3_quants and make_qp_quants in ggml-quants.c of llama.cpp v0.5.0.
#pragma once
#include "scale-search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** The weighted sums of value * level and level²: the best scale for the levels is their quotient. */
struct Fit {
  float sumXL = 0, sumL2 = 0;

  void add(float weightedX, float weight, float level) {
    sumXL += weightedX * level;
    sumL2 += weight * level * level;
  }
  float scale() const { return sumL2 > 0 ? sumXL / sumL2 : 0.0f; }
  bool isBetter(const Fit& other) const { return sumXL * sumXL * other.sumL2 > other.sumXL * other.sumXL * sumL2; }

  /** Gives a value the level that fits best if all others stay, where that is better. Returns whether it was. */
  template <bool POSITIVE, int LEVELS>
  bool refine(float x, float weight, int& level) {
    const float l = float(level), weightedX = weight * x;
    Fit fit = {sumXL - weightedX * l, sumL2 - weight * l * l};
    if (!(fit.sumXL > 0) || (POSITIVE && !(fit.sumL2 > 0))) return false;
    const int nearest = nearestInt(x * fit.sumL2 / fit.sumXL);
    const int next = POSITIVE ? (nearest < LEVELS ? nearest : LEVELS) : clamp(nearest, -LEVELS, LEVELS - 1);
    if (next == level) return false;
    fit.add(weightedX, weight, float(next));
    if (!((POSITIVE || fit.sumL2 > 0) && fit.isBetter(*this))) return false;
    level = POSITIVE ? next & 255 : next;  // ref-quirk: a negative level wraps
    *this = fit;
    return true;
  }
};

/** Changes the levels as long as that helps, and gives the scale. */
template <int COUNT, bool POSITIVE, int LEVELS>
float refineLevels(Fit fit, const float* x, const float* weights, int* levels) {
  bool changed = true;
  for (int pass = 0; pass < REFINEMENTS && changed; ++pass) {
    changed = false;
    for (int i = 0; i < COUNT; ++i) changed |= fit.refine<POSITIVE, LEVELS>(x[i], weights[i], levels[i]);
  }
  return fit.scale();
}

/** The scale for levels -LEVELS ... LEVELS - 1, which are stored with LEVELS added (or all 0 if there is nothing). */
template <int COUNT, int LEVELS>
float refineSymmetric(const float* x, const float* weights, uint8_t* stored) {
  const float extreme = extremeOf<COUNT>(x);
  if (__builtin_fabsf(extreme) < NOTHING) {
    __builtin_memset(stored, 0, COUNT);
    return 0;
  }
  const float inverse = -LEVELS / extreme;
  int levels[COUNT];
  Fit fit;
  for (int i = 0; i < COUNT; ++i) {
    levels[i] = clamp(nearestInt(inverse * x[i]), -LEVELS, LEVELS - 1);
    fit.add(weights[i] * x[i], weights[i], float(levels[i]));
  }
  const float scale = refineLevels<COUNT, false, LEVELS>(fit, x, weights, levels);
  for (int i = 0; i < COUNT; ++i) stored[i] = uint8_t(levels[i] + LEVELS);
  return scale;
}

/** The scale for levels 0 ... LEVELS of values that are not negative. */
template <int COUNT, int LEVELS>
float searchPositive(const float* x, const float* weights, uint8_t* stored) {
  float max = 0;
  for (int i = 0; i < COUNT; ++i) max = max > x[i] ? max : x[i];
  if (max < NOTHING) {
    __builtin_memset(stored, 0, COUNT);
    return 0;
  }
  const auto level = [&](float inverse, int i) {
    const int nearest = nearestInt(inverse * x[i]);
    return nearest < LEVELS ? nearest : LEVELS;
  };
  const auto error = [&](float inverse, auto&& levelOf) {
    const float scale = 1 / inverse;
    float sum = 0;
    for (int i = 0; i < COUNT; ++i) {
      const float difference = x[i] - scale * float(levelOf(inverse, i));
      sum += weights[i] * difference * difference;
    }
    return sum;
  };

  float inverse = LEVELS / max;
  // ref-quirk: here a level is not limited, but a byte.
  float best = error(inverse, [&](float tried, int i) { return uint8_t(nearestInt(tried * x[i])); });
  for (int step = POSITIVE_FIRST; step <= POSITIVE_LAST; ++step) {
    if (step == 0) continue;
    const float tried = (0.1f * float(step) + LEVELS) / max;
    const float sum = error(tried, level);
    if (sum < best) best = sum, inverse = tried;
  }
  int levels[COUNT];
  Fit fit;
  for (int i = 0; i < COUNT; ++i) {
    const int l = level(inverse, i);
    fit.add(weights[i] * x[i], weights[i], float(l));
    levels[i] = l & 255;  // ref-quirk: a negative level wraps
  }
  const float scale = refineLevels<COUNT, true, LEVELS>(fit, x, weights, levels);
  for (int i = 0; i < COUNT; ++i) stored[i] = uint8_t(levels[i]);
  return scale;
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
