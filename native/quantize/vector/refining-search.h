// scalar/refining-search.h with a run of values a lane. Levels are kept as floats, which is exact. Lanes go on until no
// lane changes: a pass that changes nothing would do so again.
#pragma once
#include "scale-search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

struct FitLanes {
  F sumXL = {}, sumL2 = {};

  void add(const F& weightedX, const F& weight, const F& level) {
    sumXL += weightedX * level;
    sumL2 += weight * level * level;
  }
  F scale() const { return select(sumL2 > 0.f, sumXL / sumL2, F{}); }
  I isBetter(const FitLanes& other) const {
    return sumXL * sumXL * other.sumL2 > other.sumXL * other.sumXL * sumL2;
  }

  /** A value's level that fits best if all others stay, and the sums without the value. */
  struct Proposal {
    F weightedX, sumXL, sumL2, level;
  };
  template <bool POSITIVE, int LEVELS>
  Proposal propose(const F& x, const F& weight, const F& level) const {
    const F weightedX = weight * x;
    const F restXL = sumXL - weightedX * level, restL2 = sumL2 - weight * level * level;
    const F next = nearestLevel(x * restL2 / restXL, POSITIVE ? INT32_MIN : -LEVELS, POSITIVE ? LEVELS : LEVELS - 1);
    return {weightedX, restXL, restL2, next};
  }

  /** Takes a proposal in the lanes where it is better. Returns those. */
  template <bool POSITIVE>
  I accept(const Proposal& proposal, const F& weight, F& level) {
    I better = (proposal.sumXL > 0.f) & (proposal.level != level);
    if (POSITIVE) better = better & (proposal.sumL2 > 0.f);
    FitLanes fit;
    fit.sumXL = proposal.sumXL;
    fit.sumL2 = proposal.sumL2;
    fit.add(proposal.weightedX, weight, proposal.level);
    better = better & fit.isBetter(*this);
    if (!POSITIVE) better = better & (fit.sumL2 > 0.f);
    level = select(better, POSITIVE ? toFloats(toInts(proposal.level) & 255) : proposal.level, level);
    sumXL = select(better, fit.sumXL, sumXL);
    sumL2 = select(better, fit.sumL2, sumL2);
    return better;
  }

  template <bool POSITIVE, int LEVELS>
  I refine(const F& x, const F& weight, F& level) {
    return accept<POSITIVE>(propose<POSITIVE, LEVELS>(x, weight, level), weight, level);
  }
};

/** Refined symmetric levels, one run a lane, over the values and weights that the caller fills in. */
template <int COUNT, int LEVELS>
struct RefinedLanes {
  static constexpr int VALUES = COUNT;
  F x[COUNT], weights[COUNT];
  FitLanes fit;
  I changed;  // the lanes that the last pass changed

  void run() {
    begin<false>();
    changed = all(-1);
    for (int pass = 0; pass < REFINEMENTS && any(changed); ++pass) {
      changed = I{};
      for (int i = 0; i < COUNT; ++i) refine(i);
    }
  }

  /**
   * Rounds the values to the first levels. SCREENS: returns a mask that is not 0 in the lanes that refining might change;
   * the others have the scale that they begin with.
   */
  template <bool SCREENS>
  I begin() {
    F extreme = extremeOf<COUNT>(x);
    nothing = isNothing(extreme);
    extreme = select(nothing, all(1.f), extreme);  // so that the levels are 0 and stay
    const F inverse = float(-LEVELS) / extreme;
    F partsXL[COUNT], partsL2[COUNT], sumXL = {}, sumL2 = {};
    for (int i = 0; i < COUNT; ++i) {
      levels[i] = atMost(nearestSmall(inverse * x[i]), float(LEVELS - 1));
      partsXL[i] = weights[i] * x[i] * levels[i];
      partsL2[i] = weights[i] * levels[i] * levels[i];
      sumXL += partsXL[i];
      sumL2 += partsL2[i];
    }
    fit.sumXL = sumXL;
    fit.sumL2 = sumL2;
    I count = {};
    if (!SCREENS) return count;
    for (int i = 0; i < COUNT; ++i) {
      const F restXL = sumXL - partsXL[i], restL2 = sumL2 - partsL2[i];
      count += (restXL > 0.f) & (nearestLevel(x[i] * restL2 / restXL, -LEVELS, LEVELS - 1) != levels[i]);
    }
    return count;
  }

  void refine(int i) {
    propose(i);
    accept(i);
  }
  void propose(int i) { proposal = fit.propose<false, LEVELS>(x[i], weights[i], levels[i]); }
  void accept(int i) { changed |= fit.accept<false>(proposal, weights[i], levels[i]); }

  /** The level of element i, with LEVELS added (or 0 if there is nothing). */
  I level(int i) const { return select(nothing, I{}, toInts(levels[i]) + LEVELS); }

 private:
  F levels[COUNT];
  FitLanes::Proposal proposal;
  I nothing;
};

/** Refines `count` searches, MOST at most, side by side: while one waits for its division, another goes on. */
template <int MOST, class Search>
void refineAll(Search* searches, int count) {
  Search* left[MOST];
  for (int t = 0; t < count; ++t) left[t] = searches + t;
  for (int pass = 0; pass < REFINEMENTS && count > 0; ++pass) {
    for (int t = 0; t < count; ++t) left[t]->changed = I{};
    for (int i = 0; i < Search::VALUES; ++i) {
      for (int t = 0; t < count; ++t) left[t]->propose(i);
      for (int t = 0; t < count; ++t) left[t]->accept(i);
    }
    int kept = 0;
    for (int t = 0; t < count; ++t) {
      if (any(left[t]->changed)) left[kept++] = left[t];
    }
    count = kept;
  }
}

/** Searches for the scale of values that are not negative, one run a lane. */
template <int COUNT, int LEVELS>
struct PositiveLanes {
  F x[COUNT], weights[COUNT];
  F scale;

  void run() {
    F max = {};
    for (int i = 0; i < COUNT; ++i) max = larger(max, x[i]);
    nothing = max < NOTHING;
    max = select(nothing, all(1.f), max);
    inverse = float(LEVELS) / max;
    best = errorOf(inverse, [&](int i) { return toFloats(nearestInt(inverse * x[i]) & 255); });
    for (int step = POSITIVE_FIRST; step <= POSITIVE_LAST; ++step) {
      if (step != 0) improve((0.1f * float(step) + float(LEVELS)) / max);
    }
    FitLanes fit;
    for (int i = 0; i < COUNT; ++i) {
      const F level = limited(inverse, i);
      fit.add(weights[i] * x[i], weights[i], level);
      levels[i] = toFloats(toInts(level) & 255);
    }
    I changed = all(-1);
    for (int pass = 0; pass < REFINEMENTS && any(changed); ++pass) {
      changed = I{};
      for (int i = 0; i < COUNT; ++i) changed |= fit.refine<true, LEVELS>(x[i], weights[i], levels[i]);
    }
    scale = select(nothing, F{}, fit.scale());
  }

  /** The level of element i: 0 ... 255, of which those above LEVELS are negative ones that wrapped. */
  I level(int i) const { return select(nothing, I{}, toInts(levels[i])); }

 private:
  F levels[COUNT];
  F inverse, best;
  I nothing;

  F limited(const F& tried, int i) const { return nearestLevel(tried * x[i], INT32_MIN, LEVELS); }

  template <class Level>
  F errorOf(const F& tried, Level level) const {
    const F triedScale = 1.f / tried;
    F sum = {};
    for (int i = 0; i < COUNT; ++i) {
      const F difference = x[i] - triedScale * level(i);
      sum += weights[i] * difference * difference;
    }
    return sum;
  }

  void improve(const F& tried) {
    const F error = errorOf(tried, [&](int i) { return limited(tried, i); });
    const I better = error < best;
    best = select(better, error, best);
    inverse = select(better, tried, inverse);
  }
};

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
