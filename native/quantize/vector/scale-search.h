// scalar/scale-search.h with a sub-block a lane. Levels are kept as floats during the search, which is exact; those of
// the result are only needed where a scale becomes 0, so the search remembers how to compute them.
#pragma once
#include "../common/search.h"
#include "lanes.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** Affine searches, one a lane, over the values and weights that the caller fills in. */
template <int COUNT, const AffineSearch& SEARCH>
struct AffineLanes {
  F x[COUNT], weights[COUNT];
  F scale, min;  // the best so far

  void run() {
    begin();
    Candidate first = roundTo(float(SEARCH.levels));
    scale = 1.f / first.inverse;
    bestError = errorOf(scale, min);
    bestInverse = first.inverse;
    bestBase = min;
    for (int step = 0; step <= SEARCH.steps; ++step) improve(roundTo(SEARCH.spread(step)));
    scale = select(flat, F{}, scale);
  }

  /** The best candidate's level of element i. */
  I level(int i) const { return clamp(nearestInt(bestInverse * (x[i] - bestBase)), 0, SEARCH.levels); }

 private:
  F levels[COUNT];  // the candidate's
  F low, high;      // smallest and largest value
  F sumW, sumX;
  F bestError, bestInverse, bestBase;
  I flat;  // no range: scale 0

  struct Candidate {
    F inverse, sumL, sumL2, sumXL;
  };

  void begin() {
    low = high = x[0];
    sumW = weights[0];
    sumX = weights[0] * x[0];
    for (int i = 1; i < COUNT; ++i) {
      low = smaller(x[i], low);
      high = larger(x[i], high);
      sumW += weights[i];
      sumX += weights[i] * x[i];
    }
    min = select(low > 0.f, F{}, low);
    flat = high == min;
  }

  /** Rounds the values, spread over `spread` levels from the current minimum, and sums. */
  Candidate roundTo(float spread) {
    // Without a range all levels are 0, whatever the inverse; this one keeps them off the slow path.
    const F inverse = spread / select(flat, all(1.f), high - min);
    // Rounding is monotonic: if both ends are small, all are.
    const I small = isSmall(inverse * (low - min)) & isSmall(inverse * (high - min));
    if (any(small == 0)) return sum<nearestLevel>(inverse);
    return sum<nearestSmallLevel>(inverse);
  }

  template <F (*ROUND)(const F&, int, int)>
  Candidate sum(const F& inverse) {
    F sumL = {}, sumL2 = {}, sumXL = {};
    const F base = min;
    for (int i = 0; i < COUNT; ++i) {
      const F level = ROUND(inverse * (x[i] - base), 0, SEARCH.levels);
      const F weighted = weights[i] * level;
      levels[i] = level;
      sumL += weighted;
      sumL2 += weighted * level;
      sumXL += weighted * x[i];
    }
    return {inverse, sumL, sumL2, sumXL};
  }

  F errorOf(const F& fitScale, const F& fitMin) const {
    F sum = {};
    for (int i = 0; i < COUNT; ++i) {
      const F difference = fitScale * levels[i] + fitMin - x[i];
      sum += weights[i] * (SEARCH.absolute ? abs(difference) : difference * difference);
    }
    return sum;
  }

  /** Fits scale and minimum to the candidate's levels and keeps them where the error is less. */
  void improve(const Candidate& c) {
    const F determinant = sumW * c.sumL2 - c.sumL * c.sumL;
    F fitScale = (sumW * c.sumXL - sumX * c.sumL) / determinant;
    F fitMin = (c.sumL2 * sumX - c.sumL * c.sumXL) / determinant;
    const I positive = fitMin > 0.f;
    if (any(positive)) {
      fitScale = select(positive, c.sumXL / c.sumL2, fitScale);
      fitMin = select(positive, F{}, fitMin);
    }
    const F error = errorOf(fitScale, fitMin);
    const I better = (determinant > 0.f) & (error < bestError);
    bestError = select(better, error, bestError);
    bestInverse = select(better, c.inverse, bestInverse);
    bestBase = select(better, min, bestBase);
    scale = select(better, fitScale, scale);
    min = select(better, fitMin, min);
  }
};

/** The value of largest magnitude in each lane, the first of equals. */
template <int COUNT>
inline F extremeOf(const F* x) {
  F magnitude = {}, extreme = {};
  for (int i = 0; i < COUNT; ++i) {
    const F size = abs(x[i]);
    extreme = select(size > magnitude, x[i], extreme);
    magnitude = larger(size, magnitude);
  }
  return extreme;
}

/**
 * Symmetric searches, one a lane, over the values and weights that the caller fills in. Values that may be infinite or
 * NaN need nearestLevel: else no value, spread over the levels, is beyond LEVELS + 1.
 */
template <int COUNT, int LEVELS, F (*ROUND)(const F&, int, int) = nearestSmallLevel>
struct SymmetricLanes {
  F x[COUNT], weights[COUNT];
  F scale;

  void run() {
    begin();
    Candidate first = sum(float(-LEVELS) / extreme);
    scale = select(first.sumL2 != 0.f, first.sumXL / first.sumL2, F{});
    best = scale * first.sumXL;
    bestInverse = first.inverse;
    for (int step = SYMMETRIC_FIRST; step <= SYMMETRIC_LAST; ++step) {
      if (step != 0) improve(sum(-(LEVELS + 0.1f * float(step)) / extreme));
    }
    scale = select(nothing, F{}, scale);
  }

  /** The best candidate's level of element i, with LEVELS added (or 0 if there is nothing). */
  I level(int i) const {
    return select(nothing, I{}, clamp(nearestInt(bestInverse * x[i]), -LEVELS, LEVELS - 1) + LEVELS);
  }

 private:
  F weighted[COUNT];  // weight * x
  F extreme, best, bestInverse;
  I nothing;  // all values are about 0

  struct Candidate {
    F inverse, sumXL, sumL2;
  };

  void begin() {
    for (int i = 0; i < COUNT; ++i) weighted[i] = weights[i] * x[i];
    extreme = extremeOf<COUNT>(x);
    nothing = abs(extreme) < NOTHING;
  }

  Candidate sum(const F& inverse) const {
    F sumXL = {}, sumL2 = {};
    for (int i = 0; i < COUNT; ++i) {
      const F level = ROUND(inverse * x[i], -LEVELS, LEVELS - 1);
      sumXL += weighted[i] * level;
      sumL2 += weights[i] * level * level;
    }
    return {inverse, sumXL, sumL2};
  }

  void improve(const Candidate& c) {
    const I better = (c.sumL2 > 0.f) & (c.sumXL * c.sumXL > best * c.sumL2);
    scale = select(better, c.sumXL / c.sumL2, scale);
    best = select(better, scale * c.sumXL, best);
    bestInverse = select(better, c.inverse, bestInverse);
  }
};

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
