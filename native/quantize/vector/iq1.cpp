// IQ1_S and IQ1_M: scalar/iq1.cpp with a sub-block a lane up to its levels, then a neighbour in the grid a lane.
#include "../common/iq1.h"
#include "../families.h"
#include "groups.h"
#include "neighbours.h"
#include "transpose.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** The best splits of sub-blocks in ascending order of their elements. */
struct Splits {
  F scale = {}, score = all(-0x1.fffffep127f);
  I code = all(-1);  // of both places and the shifts

  /** Whether some lane may have something better: cheaper than to find out which. */
  I mayImprove(const F& sumXQ, const F& sumQ2) const { return sumXQ * sumXQ > score * sumQ2; }

  void improve(int i1, int i2, int choice, const F& sumXQ, const F& sumQ2) {
    const I better = (sumQ2 > 0.f) & mayImprove(sumXQ, sumQ2);
    scale = select(better, sumXQ / sumQ2, scale);
    score = select(better, scale * sumXQ, score);
    code = select(better, all(i1 << 16 | i2 << 8 | choice), code);
  }

  I found() const { return code >= 0; }
  I first() const { return code >> 16; }
  I second() const { return code >> 8 & 255; }
  I shifts() const { return code & 255; }
};

/** How many elements come before each in ascending order; equal ones stay in theirs. */
template <int COUNT>
void rank(const F* x, I* ranks) {
  for (int j = 0; j < COUNT; ++j) ranks[j] = all(j);
  for (int j = 1; j < COUNT; ++j) {
    I own = ranks[j];
    for (int i = 0; i < j; ++i) {
      const I before = x[j] < x[i];
      own += before;
      ranks[i] = ranks[i] - before;
    }
    ranks[j] = own;
  }
}

/** Sums over the first elements in ascending order, for each of PARTS equal parts of the sub-blocks for itself. */
template <int COUNT, int PARTS>
struct SortedSums {
  F sums[PARTS][COUNT + 1];

  SortedSums(const F* values, const I* ranks) {
    float sorted[PARTS][COUNT][LANES] = {};
    for (int j = 0; j < COUNT; ++j) {
      float numbers[LANES];
      int32_t places[LANES];
      store(numbers, values[j]);
      store(places, ranks[j]);
      for (int lane = 0; lane < LANES; ++lane) sorted[j * PARTS / COUNT][places[lane]][lane] = numbers[lane];
    }
    for (int part = 0; part < PARTS; ++part) {
      sums[part][0] = F{};
      for (int j = 0; j < COUNT; ++j) sums[part][j + 1] = sums[part][j] + load<F>(sorted[part][j]);
    }
  }
};

/** IQ1_S. */
Splits search(const F (&weighted)[32], const F (&weights)[32], const I* ranks) {
  const SortedSums<32, 1> sortedX(weighted, ranks), sortedW(weights, ranks);
  const F *sumX = sortedX.sums[0], *sumW = sortedW.sums[0];
  const float *up = IQ1_VALUES[0], *down = IQ1_VALUES[1];
  struct Upper {
    F xq[2], q2[2];
  } upper[33];
  for (int i = 0; i <= 32; ++i) {
    for (int d = 0; d < 2; ++d) {
      const float q = IQ1_VALUES[d][2];
      upper[i].xq[d] = (sumX[32] - sumX[i]) * q;
      upper[i].q2[d] = (sumW[32] - sumW[i]) * q * q;
    }
  }
  Splits best;
  for (int i1 = 0; i1 <= 32; ++i1) {
    const F lowX = sumX[i1], lowW = sumW[i1];
    const F lowXUp = lowX * up[0], lowXDown = lowX * down[0];
    const F lowQ2Up = lowW * up[0] * up[0], lowQ2Down = lowW * down[0] * down[0];
    for (int i2 = i1; i2 <= 32; ++i2) {
      const F middleX = (sumX[i2] - lowX) * up[1], middleQ2 = (sumW[i2] - lowW) * up[1] * up[1];
      const F xqUp = lowXUp + middleX + upper[i2].xq[0], xqDown = lowXDown - middleX + upper[i2].xq[1];
      const F q2Up = lowQ2Up + middleQ2 + upper[i2].q2[0], q2Down = lowQ2Down + middleQ2 + upper[i2].q2[1];
      if (!any(best.mayImprove(xqUp, q2Up) | best.mayImprove(xqDown, q2Down))) continue;
      best.improve(i1, i2, 0, xqUp, q2Up);
      best.improve(i1, i2, 1, xqDown, q2Down);
    }
  }
  return best;
}

/** IQ1_M. */
Splits search(const F (&weighted)[16], const F (&weights)[16], const I* ranks) {
  const SortedSums<16, 2> sortedX(weighted, ranks), sortedW(weights, ranks);
  F xq0[2][2], q2At1[17][2][2], q2At2[17][2][2];  // [half][down]
  for (int half = 0; half < 2; ++half) {
    for (int down = 0; down < 2; ++down) {
      const float* q = IQ1_VALUES[down];
      xq0[half][down] = sortedX.sums[half][16] * q[2];
      const F q20 = sortedW.sums[half][16] * q[2] * q[2];
      for (int i = 0; i <= 16; ++i) {
        q2At1[i][half][down] = q20 + sortedW.sums[half][i] * (q[0] * q[0] - q[1] * q[1]);
        q2At2[i][half][down] = sortedW.sums[half][i] * (q[1] * q[1] - q[2] * q[2]);
      }
    }
  }
  Splits best;
  for (int i1 = 0; i1 <= 16; ++i1) {
    for (int i2 = i1; i2 <= 16; ++i2) {
      F xq[2][2], q2[2][2], sumXQ[4], sumQ2[4];
      for (int half = 0; half < 2; ++half) {
        const F sum = sortedX.sums[half][i1] + sortedX.sums[half][i2];
        for (int down = 0; down < 2; ++down) {
          xq[half][down] = xq0[half][down] - sum;
          q2[half][down] = q2At1[i1][half][down] + q2At2[i2][half][down];
        }
      }
      I may = {};
      for (int shifts = 0; shifts < 4; ++shifts) {
        sumXQ[shifts] = xq[0][shifts >> 1] + xq[1][shifts & 1];
        sumQ2[shifts] = q2[0][shifts >> 1] + q2[1][shifts & 1];
        may |= best.mayImprove(sumXQ[shifts], sumQ2[shifts]);
      }
      if (!any(may)) continue;
      for (int shifts = 0; shifts < 4; ++shifts) best.improve(i1, i2, shifts, sumXQ[shifts], sumQ2[shifts]);
    }
  }
  return best;
}

/** What levels stand for. */
LevelTable<2> numbers(bool down) {
  const RegisterI level = laneNumbers() & 3;
  return {{toFloats(level - 1) + (down ? -IQ1_SHIFT : IQ1_SHIFT)}};
}

/** Sub-blocks of GROUPS times 8 elements, one a lane. */
template <int GROUPS>
class SubBlocks {
 public:
  static constexpr int COUNT = 8 * GROUPS;

  /** Of sub-blocks one after the other. */
  SubBlocks(const float* values, const float* weightsOfThem) : valuesInOrder(values), weightsInOrder(weightsOfThem) {
    toLanes<COUNT>(valuesInOrder, x);
    toLanes<COUNT>(weightsInOrder, weights);
  }

  void run(float nothing, IQ1Sub<GROUPS>* subs) {
    F magnitude = {}, weighted[COUNT];
    for (int j = 0; j < COUNT; ++j) {
      magnitude = larger(abs(x[j]), magnitude);
      weighted[j] = weights[j] * x[j];
    }
    I ranks[COUNT];
    rank<COUNT>(x, ranks);
    const Splits split = search(weighted, weights, ranks);
    const I used = (magnitude >= nothing) & split.found();
    const I negative = split.scale < 0.f;
    scale = select(negative, -split.scale, split.scale);
    for (int group = 0; group < GROUPS; ++group) {
      down[group] = (split.shifts() >> (GROUPS == 2 ? 1 - group : 0) & 1) != (negative & 1);
      I point = {};
      for (int j = 0; j < 8; ++j) {
        const I& place = ranks[8 * group + j];
        point |= -((place >= split.first()) + (place >= split.second())) << (2 * j);
      }
      points[group] = select(negative, all(0xaaaa) - point, point);
    }
    fitAgain(toGrid());
    storeSubs(used, subs);
  }

 private:
  const float *valuesInOrder, *weightsInOrder;
  F x[COUNT], weights[COUNT];
  F scale;
  I down[GROUPS], points[GROUPS];

  F value(int group, const I& level) const {
    return toFloats(level - 1) + select(down[group], all(-IQ1_SHIFT), all(IQ1_SHIFT));
  }

  /** Replaces the points that are not in the grid. Returns the lanes in which there was none. */
  I toGrid() {
    const Grid& grid = gridOf(GRID_IQ1);
    const LevelTable<2> tables[2] = {numbers(false), numbers(true)};
    int32_t isInGrid[LANES], isDown[LANES], lanePoints[LANES];
    float scales[LANES];
    store(isInGrid, all(-1));
    store(scales, scale);
    for (int group = 0; group < GROUPS; ++group) {
      store(isDown, down[group]);
      store(lanePoints, points[group]);
      for (int lane = 0; lane < LANES; ++lane) {
        const int place = grid.places[lanePoints[lane]], at = COUNT * lane + 8 * group;
        if (place >= 0) continue;
        const PointDistances<8, 2> distances(scales[lane], valuesInOrder + at, weightsInOrder + at,
                                             tables[isDown[lane] != 0]);
        lanePoints[lane] = distances.nearest(grid.lists + ~place);
        isInGrid[lane] = 0;
      }
      points[group] = load<I>(lanePoints);
    }
    return load<I>(isInGrid);
  }

  /** Where points were replaced, fits the scale to the new ones. */
  void fitAgain(const I& inGrid) {
    F sumXQ = {}, sumQ2 = {};
    for (int j = 0; j < COUNT; ++j) {
      const F q = value(j / 8, points[j / 8] >> (2 * (j % 8)) & 3), weighted = weights[j] * q;
      sumXQ += weighted * x[j];
      sumQ2 += weighted * q;
    }
    const I fits = (sumXQ > 0.f) & (sumQ2 > 0.f) & (inGrid == 0);
    scale = select(fits, sumXQ / sumQ2, scale);
  }

  void storeSubs(const I& used, IQ1Sub<GROUPS>* subs) const {
    const int32_t* places = gridOf(GRID_IQ1).places;
    int32_t isUsed[LANES], isDown[GROUPS][LANES], lanePoints[GROUPS][LANES];
    float scales[LANES];
    store(isUsed, used);
    store(scales, scale);
    for (int group = 0; group < GROUPS; ++group) {
      store(isDown[group], down[group]);
      store(lanePoints[group], points[group]);
    }
    for (int lane = 0; lane < LANES; ++lane) {
      subs[lane] = {};
      if (!isUsed[lane]) continue;
      subs[lane].scale = scales[lane];
      for (int group = 0; group < GROUPS; ++group) {
        subs[lane].down[group] = isDown[group][lane];
        subs[lane].index[group] = uint16_t(places[lanePoints[group][lane]]);
      }
    }
  }
};

/** LANES sub-blocks: LANES * 8 * GROUPS / 256 super-blocks. Fills in the weights used too. */
template <int GROUPS>
void quantizeSubs(const float* x, const float* importance, float nothing, float* weights, IQ1Sub<GROUPS>* subs) {
  for (int i = 0; i < LANES * 8 * GROUPS; i += 256) {
    weigh<256>(x + i, importance ? importance + i : nullptr, 2 * sumSquares<256>(x + i) / 256, weights + i);
  }
  SubBlocks<GROUPS>(x, weights).run(nothing, subs);
}

void quantizeBlocks(const float* x, const float* importance, BlockIQ1_S* blocks) {
  float weights[LANES * 32];
  IQ1Sub<4> subs[LANES / 8][8];
  quantizeSubs(x, importance, NOTHING_IQ1_S, weights, subs[0]);
  for (int b = 0; b < LANES / 8; ++b) pack(subs[b], blocks[b]);
}

void quantizeBlocks(const float* x, const float* importance, BlockIQ1_M* blocks) {
  float weights[LANES * 16];
  IQ1Sub<2> subs[LANES / 16][16];
  quantizeSubs(x, importance, NOTHING_IQ1_M, weights, subs[0]);
  for (int b = 0; b < LANES / 16; ++b) pack(subs[b], x + 256 * b, weights + 256 * b, blocks[b]);
}

}  // namespace

void quantizeIQ1_S(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  void (*const kernel)(const float*, const float*, BlockIQ1_S*) = quantizeBlocks;
  inGroups<BlockIQ1_S, 256, LANES / 8>(x, weights, y, rows, columns, kernel);
}
void quantizeIQ1_M(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  void (*const kernel)(const float*, const float*, BlockIQ1_M*) = quantizeBlocks;
  inGroups<BlockIQ1_M, 256, LANES / 16>(x, weights, y, rows, columns, kernel);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
