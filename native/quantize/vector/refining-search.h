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

  /** Where `refine` might change something. */
  template <int LEVELS>
  I mightChange(const F& x, const F& weight, const F& level) const {
    const F restXL = sumXL - weight * x * level, restL2 = sumL2 - weight * level * level;
    return (restXL > 0.f) & (nearestLevel(x * restL2 / restXL, -LEVELS, LEVELS - 1) != level);
  }

  /** Gives a value the level that fits best if all others stay, in the lanes where that is better. Returns those. */
  template <bool POSITIVE, int LEVELS>
  I refine(const F& x, const F& weight, F& level) {
    const F weightedX = weight * x;
    FitLanes fit;
    fit.sumXL = sumXL - weightedX * level;
    fit.sumL2 = sumL2 - weight * level * level;
    I better = fit.sumXL > 0.f;
    if (POSITIVE) better = better & (fit.sumL2 > 0.f);
    const F next = nearestLevel(x * fit.sumL2 / fit.sumXL, POSITIVE ? INT32_MIN : -LEVELS, POSITIVE ? LEVELS : LEVELS - 1);
    fit.add(weightedX, weight, next);
    better = better & (next != level) & fit.isBetter(*this);
    if (!POSITIVE) better = better & (fit.sumL2 > 0.f);
    level = select(better, POSITIVE ? toFloats(toInts(next) & 255) : next, level);
    sumXL = select(better, fit.sumXL, sumXL);
    sumL2 = select(better, fit.sumL2, sumL2);
    return better;
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
    begin();
    changed = all(-1);
    for (int pass = 0; pass < REFINEMENTS && any(changed); ++pass) {
      changed = I{};
      for (int i = 0; i < COUNT; ++i) refine(i);
    }
  }

  void begin() {
    F extreme = extremeOf<COUNT>(x);
    nothing = isNothing(extreme);
    extreme = select(nothing, all(1.f), extreme);  // so that the levels are 0 and stay
    const F inverse = float(-LEVELS) / extreme;
    FitLanes first;
    for (int i = 0; i < COUNT; ++i) {
      levels[i] = atMost(nearestSmall(inverse * x[i]), float(LEVELS - 1));
      first.add(weights[i] * x[i], weights[i], levels[i]);
    }
    fit = first;
  }

  /** The lanes that refining might change: the others have the scale that they begin with. */
  I changeable() const {
    I some = {};
    for (int i = 0; i < COUNT; ++i) some |= fit.mightChange<LEVELS>(x[i], weights[i], levels[i]);
    return some;
  }

  void refine(int i) { changed |= fit.refine<false, LEVELS>(x[i], weights[i], levels[i]); }

  /** The level of element i, with LEVELS added (or 0 if there is nothing). */
  I level(int i) const { return select(nothing, I{}, toInts(levels[i]) + LEVELS); }

  /** Copies a lane. */
  void take(int lane, const RefinedLanes& from, int fromLane) {
    const auto copy = [&](F& to, const F& other) {
      reinterpret_cast<float*>(&to)[lane] = reinterpret_cast<const float*>(&other)[fromLane];
    };
    for (int i = 0; i < COUNT; ++i) {
      copy(x[i], from.x[i]);
      copy(weights[i], from.weights[i]);
      copy(levels[i], from.levels[i]);
    }
    copy(fit.sumXL, from.fit.sumXL);
    copy(fit.sumL2, from.fit.sumL2);
  }

 private:
  F levels[COUNT];
  I nothing;
};

/**
 * Refines `count` runs in the lanes of several searches side by side: while one waits for its division, another goes on.
 * Those that a pass leaves as they are have their scale stored to scales[names[i]]; the others close up.
 */
template <class Search>
void refineAll(Search* searches, int* names, int count, float* scales) {
  for (int pass = 1; count > 0; ++pass) {
    const int used = (count + LANES - 1) / LANES;
    for (int t = 0; t < used; ++t) searches[t].changed = I{};
    for (int i = 0; i < Search::VALUES; ++i) {
      for (int t = 0; t < used; ++t) searches[t].refine(i);
    }
    int left = 0;
    for (int t = 0; t < used; ++t) {
      float fitted[LANES];
      int32_t changed[LANES];
      store(fitted, searches[t].fit.scale());
      store(changed, searches[t].changed);
      for (int lane = 0; lane < LANES && t * LANES + lane < count; ++lane) {
        const int name = names[t * LANES + lane];
        if (changed[lane] && pass < REFINEMENTS) {
          searches[left / LANES].take(left % LANES, searches[t], lane);
          names[left++] = name;
        } else {
          scales[name] = fitted[lane];
        }
      }
    }
    count = left;
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
