// scalar/scale-search.h with a sub-block a lane. Levels are kept as floats during the search, which is exact; those of
// the result are only needed where a scale becomes 0, so the search remembers how to compute them.
#pragma once
#include "../common/search.h"
#include "lanes.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** Runs searches side by side: while one's sums wait for its divisions, another's go on. */
template <int COUNT, class Search>
void runSearches(Search* searches) {
  for (int s = 0; s < COUNT; ++s) searches[s].begin();
  for (int step = Search::FIRST; step <= Search::LAST; ++step) {
    for (int s = 0; s < COUNT; ++s) searches[s].sum(step);
    for (int s = 0; s < COUNT; ++s) searches[s].fit();
    for (int s = 0; s < COUNT; ++s) searches[s].compare();
  }
}

/** Affine searches, one a lane, over the values and weights that the caller fills in. */
template <int COUNT, const AffineSearch& SEARCH>
struct AffineLanes {
  F x[COUNT], weights[COUNT];
  F scale, min;  // the best so far

  void run() { runSearches<1>(this); }

  /** The best candidate's level of element i. */
  I level(int i) const { return clamp(nearestInt(bestInverse * (x[i] - bestBase)), 0, SEARCH.levels); }

  static constexpr int FIRST = 0, LAST = SEARCH.steps;

  void begin() {
    F smallest = x[0], largest = x[0];
    sumW = weights[0];
    sumX = weights[0] * x[0];
    for (int i = 1; i < COUNT; ++i) {
      smallest = smaller(x[i], smallest);
      largest = larger(x[i], largest);
      sumW += weights[i];
      sumX += weights[i] * x[i];
    }
    min = select(smallest > 0.f, F{}, smallest);
    const I flat = largest == min;
    low = smallest;
    high = select(flat, all(1.f), largest);  // some range: all levels are 0 whatever it is, and no candidate is better
    spreadOver(float(SEARCH.levels));
    scale = select(flat, F{}, 1.f / inverse);
    bestError = errorOf(scale, min);
    bestInverse = inverse;
    bestBase = min;
  }

  // Not inlined, and its loops not unrolled, so that GCC keeps all sums in registers.
  __attribute__((noinline)) void sum(int step) {
    spreadOver(SEARCH.spread(step));
    F l = {}, l2 = {}, xl = {};
#pragma GCC unroll 1
    for (int i = 0; i < COUNT; ++i) {
      const F weighted = weights[i] * levels[i];
      l += weighted;
      l2 += weighted * levels[i];
      xl += weighted * x[i];
    }
    sumL = l;
    sumL2 = l2;
    sumXL = xl;
  }

  /** Fits scale and minimum to the candidate's levels. */
  void fit() {
    determinant = sumW * sumL2 - sumL * sumL;
    fitScale = (sumW * sumXL - sumX * sumL) / determinant;
    fitMin = (sumL2 * sumX - sumL * sumXL) / determinant;
    const I positive = fitMin > 0.f;
    if (any(positive)) {
      fitScale = select(positive, sumXL / sumL2, fitScale);
      fitMin = select(positive, F{}, fitMin);
    }
  }

  /** Keeps the candidate where the error is less. */
  void compare() {
    const F error = errorOf(fitScale, fitMin);
    const I better = (determinant > 0.f) & (error < bestError);
    bestError = select(better, error, bestError);
    bestInverse = select(better, inverse, bestInverse);
    bestBase = select(better, min, bestBase);
    scale = select(better, fitScale, scale);
    min = select(better, fitMin, min);
  }

 private:
  F levels[COUNT];  // the candidate's
  F low, high;      // smallest and largest value
  F sumW, sumX;
  F inverse, sumL, sumL2, sumXL, determinant, fitScale, fitMin;  // the candidate's
  F bestError, bestInverse, bestBase;

  /** How a candidate's levels are limited: all that can be, from above only where some would be too large. */
  enum Limits { ALL, BELOW, ANY_FLOAT };

  /** Rounds the values, spread over `spread` levels from the current minimum. */
  void spreadOver(float spread) {
    // Rounding is monotonic: if both ends are within bounds, all values are. That of `high` is about `spread`.
    const bool fits = spread < float(SEARCH.levels) + 0.49f;
    const I bound = asInts(all(fits ? float(SEARCH.levels) + 0.5f : 0x1p22f));
    inverse = spread / (high - min);
    const F ofLow = abs(inverse * (low - min)), ofHigh = abs(inverse * (high - min));
    if (any(larger(asInts(ofLow), asInts(ofHigh)) >= bound)) {
      round<ANY_FLOAT>();
    } else if (fits) {
      round<BELOW>();
    } else {
      round<ALL>();
    }
  }

  template <Limits LIMITS>
  static F levelOf(const F& value) {
    if (LIMITS == ANY_FLOAT) return nearestLevel(value, 0, SEARCH.levels);
    const F level = atLeastZero(nearestSmall(value));
    return LIMITS == ALL ? atMost(level, float(SEARCH.levels)) : level;
  }

  template <Limits LIMITS>
  void round() {
    const F base = min, by = inverse;
#pragma GCC unroll 1
    for (int i = 0; i < COUNT; ++i) levels[i] = levelOf<LIMITS>(by * (x[i] - base));
  }

  F errorOf(const F& scale, const F& min) const {
    F sum = {};
#pragma GCC unroll 1
    for (int i = 0; i < COUNT; ++i) {
      const F difference = scale * levels[i] + min - x[i];
      sum += weights[i] * (SEARCH.absolute ? abs(difference) : difference * difference);
    }
    return sum;
  }
};

/** The value of largest magnitude in each lane, the first of equals. */
template <int COUNT>
inline F extremeOf(const F* x) {
  F low = {}, high = {};
  for (int i = 0; i < COUNT; ++i) {
    low = smaller(x[i], low);
    high = larger(x[i], high);
  }
  F extreme = select(high > -low, high, low);
  const I equal = (high == -low) & (high != 0.f);
  if (any(equal)) {
    for (int i = COUNT - 1; i >= 0; --i) extreme = select(equal & (abs(x[i]) == high), x[i], extreme);
  }
  return extreme;
}

inline I isNothing(const F& extreme) { return abs(extreme) < NOTHING; }

/**
 * Symmetric searches, one a lane, over the values and weights that the caller fills in. FINITE: no value is infinite or
 * NaN.
 */
template <int COUNT, int LEVELS, bool FINITE = true>
struct SymmetricLanes {
  F x[COUNT], weights[COUNT];
  F scale;  // the best so far

  void run() { runSearches<1>(this); }

  /** The best candidate's level of element i, with LEVELS added (or 0 if there is nothing). */
  I level(int i) const {
    return select(nothing, I{}, clamp(nearestInt(bestInverse * x[i]), -LEVELS, LEVELS - 1) + LEVELS);
  }

  static constexpr int FIRST = SYMMETRIC_FIRST, LAST = SYMMETRIC_LAST - 1;

  void begin() {
    for (int i = 0; i < COUNT; ++i) weighted[i] = weights[i] * x[i];
    extreme = extremeOf<COUNT>(x);
    nothing = isNothing(extreme);
    extreme = select(nothing, all(1.f), extreme);  // so that no candidate is better
    spreadBy(0);
    scale = select(nothing | (sumL2 == 0.f), F{}, sumXL / sumL2);
    best = scale * sumXL;
    bestInverse = inverse;
  }

  void sum(int step) { spreadBy(step < 0 ? step : step + 1); }

  void fit() {}

  void compare() {
    const I better = (sumL2 > 0.f) & (sumXL * sumXL > best * sumL2);
    scale = select(better, sumXL / sumL2, scale);
    best = select(better, scale * sumXL, best);
    bestInverse = select(better, inverse, bestInverse);
  }

 private:
  F weighted[COUNT];  // weight * x
  F extreme, inverse, sumXL, sumL2;
  F best, bestInverse;
  I nothing;  // all values are about 0

  /** Rounds the values, of which the extreme one becomes `-(LEVELS + tenths / 10)`, and sums. */
  void spreadBy(int tenths) {
    inverse = -(LEVELS + 0.1f * float(tenths)) / extreme;
    if (tenths < 5) {
      round<false>();
    } else {
      round<true>();
    }
  }

  /** BELOW: there may be levels to limit from below. */
  template <bool BELOW>
  static F levelOf(const F& value) {
    if (!FINITE) return nearestLevel(value, -LEVELS, LEVELS - 1);
    const F level = atMost(nearestSmall(value), float(LEVELS - 1));
    return BELOW ? larger(level, all(float(-LEVELS))) : level;
  }

  template <bool BELOW>
  void round() {
    F xl = {}, l2 = {};
    const F by = inverse;
    for (int i = 0; i < COUNT; ++i) {
      const F level = levelOf<BELOW>(by * x[i]);
      xl += weighted[i] * level;
      l2 += weights[i] * level * level;
    }
    sumXL = xl;
    sumL2 = l2;
  }
};

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
