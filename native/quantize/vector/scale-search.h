// scalar/scale-search.h with a sub-block a lane. Levels are kept as floats during the search, which is exact; those of the
// result are only needed where a scale becomes 0, so the search remembers how to compute them.
// A search over one vector waits for its own sums most of the time: each step takes several vectors in turn.
#pragma once
#include "../common/pack.h"
#include "../common/search.h"
#include "lanes.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** The state of LANES affine searches. */
template <int COUNT>
struct AffineLanes {
  F x[COUNT], weights[COUNT], levels[COUNT];
  F low, high, range;  // smallest and largest value; smallest and zero minimum's distance
  F sumW, sumX;
  F scale, min, error;             // the best so far
  F bestInverse, bestBase;         // which levels those come from
  F candidateInverse;
  I flat;                          // all values are equal: scale 0

  void begin(const AffineSearch& search) {
    low = high = x[0];
    sumW = weights[0];
    sumX = weights[0] * x[0];
    for (int i = 1; i < COUNT; ++i) {
      low = smaller(x[i], low);
      high = larger(x[i], high);
      sumW += weights[i];
      sumX += weights[i] * x[i];
    }
    min = low > 0.f ? F{} : low;
    flat = high == min;
    round(float(search.levels), search.levels);
    scale = 1.f / candidateInverse;
    error = errorOf(scale, min);
    bestInverse = candidateInverse;
    bestBase = min;
  }

  /** Levels of the candidate that spreads the values over `spread` levels. */
  void round(float spread, int largest) {
    // A flat sub-block's levels are 0 with any range; 1 keeps them from the slow path.
    candidateInverse = spread / (flat ? all(1.f) : high - min);
    // Rounding is monotonic, so the ends show whether all lie where the cheap way is exact.
    const I small = isSmall(candidateInverse * (low - min)) & isSmall(candidateInverse * (high - min));
    const F top = all(float(largest));
    if (!any(~small)) {
      for (int i = 0; i < COUNT; ++i) {
        levels[i] = larger(smaller(nearest(candidateInverse * (x[i] - min)), top), F{});
      }
    } else {
      for (int i = 0; i < COUNT; ++i) {
        levels[i] = __builtin_convertvector(clamp(nearestInt(candidateInverse * (x[i] - min)), 0, largest), F);
      }
    }
  }

  F errorOf(F fitScale, F fitMin) const {
    F sum = {};
    for (int i = 0; i < COUNT; ++i) {
      const F difference = fitScale * levels[i] + fitMin - x[i];
      sum += weights[i] * (difference * difference);
    }
    return sum;
  }

  void fit() {
    F sumL = {}, sumL2 = {}, sumXL = {};
    for (int i = 0; i < COUNT; ++i) {
      const F weighted = weights[i] * levels[i];
      sumL += weighted;
      sumL2 += weighted * levels[i];
      sumXL += weighted * x[i];
    }
    const F determinant = sumW * sumL2 - sumL * sumL;
    F fitScale = (sumW * sumXL - sumX * sumL) / determinant;
    F fitMin = (sumL2 * sumX - sumL * sumXL) / determinant;
    fitScale = fitMin > 0.f ? sumXL / sumL2 : fitScale;
    fitMin = fitMin > 0.f ? F{} : fitMin;
    const F fitError = errorOf(fitScale, fitMin);
    const I better = (determinant > 0.f) & (fitError < error);
    error = better ? fitError : error;
    scale = better ? fitScale : scale;
    bestInverse = better ? candidateInverse : bestInverse;
    bestBase = better ? min : bestBase;
    min = better ? fitMin : min;
  }

  I bestLevel(int i, int largest) const { return clamp(nearestInt(bestInverse * (x[i] - bestBase)), 0, largest); }
};

template <int COUNT, int VECTORS>
void searchAffine(const AffineSearch& search, AffineLanes<COUNT>* lanes) {
  for (int v = 0; v < VECTORS; ++v) lanes[v].begin(search);
  for (int step = 0; step <= search.steps; ++step) {
    for (int v = 0; v < VECTORS; ++v) {
      lanes[v].round(search.spread(step), search.levels);
      lanes[v].fit();
    }
  }
  for (int v = 0; v < VECTORS; ++v) lanes[v].scale = lanes[v].flat ? F{} : lanes[v].scale;
}

/** The state of LANES symmetric searches with weights x². */
template <int COUNT, int LEVELS>
struct SymmetricLanes {
  F x[COUNT], weights[COUNT], weighted[COUNT];  // weighted: weights * x
  F extreme, scale, best, bestInverse;
  I nothing;  // all values are about 0: scale 0, level byte 0

  F sumXL, sumL2;
  void fit(F inverse) {
    sumXL = sumL2 = F{};
    for (int i = 0; i < COUNT; ++i) {
      // |inverse * x| is at most LEVELS + 1: small enough for the cheap rounding
      const F level = larger(smaller(nearest(inverse * x[i]), all(LEVELS - 1.f)), all(float(-LEVELS)));
      sumXL += weighted[i] * level;
      sumL2 += weights[i] * level * level;
    }
  }

  void begin() {
    F magnitude = {};
    extreme = F{};
    for (int i = 0; i < COUNT; ++i) {
      const F size = abs(x[i]);
      extreme = size > magnitude ? x[i] : extreme;
      magnitude = larger(size, magnitude);
      weights[i] = x[i] * x[i];
      weighted[i] = weights[i] * x[i];
    }
    nothing = magnitude < NOTHING;
    extreme = nothing ? all(1.f) : extreme;
    bestInverse = float(-LEVELS) / extreme;
    fit(bestInverse);
    scale = sumL2 != 0.f ? sumXL / sumL2 : F{};
    best = scale * sumXL;
  }

  void tryCandidate(int step) {
    const F inverse = -(LEVELS + 0.1f * float(step)) / extreme;
    fit(inverse);
    const I better = (sumL2 > 0.f) & (sumXL * sumXL > best * sumL2);
    scale = better ? sumXL / sumL2 : scale;
    best = better ? scale * sumXL : best;
    bestInverse = better ? inverse : bestInverse;
  }

  I bestLevel(int i) const {
    const I level = clamp(nearestInt(bestInverse * x[i]), -LEVELS, LEVELS - 1);
    return nothing ? I{} : LEVELS + level;
  }
};

template <int COUNT, int LEVELS, int VECTORS>
void searchSymmetric(SymmetricLanes<COUNT, LEVELS>* lanes) {
  for (int v = 0; v < VECTORS; ++v) lanes[v].begin();
  for (int step = SYMMETRIC_FIRST; step <= SYMMETRIC_LAST; ++step) {
    if (step == 0) continue;
    for (int v = 0; v < VECTORS; ++v) lanes[v].tryCandidate(step);
  }
  for (int v = 0; v < VECTORS; ++v) lanes[v].scale = lanes[v].nothing ? F{} : lanes[v].scale;
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
