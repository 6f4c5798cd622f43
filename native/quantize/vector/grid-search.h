// scalar/grid-search.h with a sub-block a lane, except for the neighbours of points that are not on the grid: these are
// searched for one sub-block after the other.
#pragma once
#include "../common/grid-search.h"
#include "groups.h"
#include "neighbours.h"
#include "refining-search.h"
#include "transpose.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

template <class Type>
class GridLanes {
 public:
  static constexpr int SUB = Type::SUB, POINT = Type::POINT, POINTS = SUB / POINT, COUNT = LANES * SUB;
  static constexpr int BLOCKS = COUNT / SUPER_BLOCK;

  GridValues<COUNT> rows;  // the caller fills these in, sub-block after sub-block

  void run() {
    toLanes<SUB>(rows.values, x);
    toLanes<SUB>(rows.weights, weights);
    const F extent = begin();
    for (int c = 0; c < CANDIDATES; ++c) {
      inverses[c] = (2 * Type::TOP + 1 + float(Type::FIRST + c) * Type::STEP) / extent;
      storeLanes(scales[c], 1.f / inverses[c]);
    }
    storeLanes(isFound, found);
    setDoubts();
    for (int k = 0; k < POINTS; ++k) choose(k);
    for (int i = 0; i < SUB; ++i) weighted[i] = weights[i] * x[i];
    score();
    refine();
  }

  /** Super-block `block`. */
  void fits(int block, GridFits<Type>& out) const {
    constexpr int SUBS = SUPER_BLOCK / SUB;
    float laneScales[LANES];
    int32_t lanePoints[POINTS][LANES];
    storeLanes(laneScales, scale);
    for (int k = 0; k < POINTS; ++k) storeLanes(lanePoints[k], points[k]);
    out = {};
    for (int sub = 0; sub < SUBS; ++sub) {
      const int lane = SUBS * block + sub;
      out.found[sub] = isFound[lane] != 0;
      if (!out.found[sub]) continue;
      out.scales[sub] = __builtin_fabsf(laneScales[lane]);
      for (int k = 0; k < POINTS; ++k) out.points[POINTS * sub + k] = uint16_t(lanePoints[k][lane]);
      for (int k = 0; k < SUB / 8; ++k) {
        const int turned = laneScales[lane] < 0 ? 255 : 0;
        out.signs[SUB / 8 * sub + k] = uint8_t(rows.signs[SUB / 8 * lane + k] ^ turned);
      }
    }
  }

 private:
  static constexpr int CANDIDATES = Type::LAST - Type::FIRST + 1;
  /** Of a point: it is not what the values round to. */
  static constexpr int MOVED = INT32_MIN;

  const Grid& grid = gridOf(Type::GRID);
  F x[SUB], weights[SUB], weighted[SUB];  // weighted: weight * x
  F scale;                                // the best so far
  I points[POINTS];
  I found;  // whether there is something
  int32_t isFound[LANES];
  F inverses[CANDIDATES];
  float scales[CANDIDATES][LANES];
  float doubts[POINTS][LANES];
  int32_t chosen[POINTS][CANDIDATES][LANES];  // the candidates' points

  template <class T, class V>
  static void storeLanes(T* to, const V& v) {
    static_assert(sizeof(V) == sizeof(T) * LANES);
    __builtin_memcpy(to, &v, sizeof v);
  }

  /** Finds out what is empty, and the scale to begin with. Returns what is to become about the largest level. */
  F begin() {
    F extent = x[0];
    for (int i = 1; i < SUB; ++i) extent = larger(extent, x[i]);
    found = extent >= Type::NOTHING;
    scale = extent / float(2 * Type::TOP + 1);
    if constexpr (Type::FITS_FIRST) {
      PositiveLanes<SUB, Type::TOP + 2> first;
      for (int i = 0; i < SUB; ++i) first.x[i] = x[i], first.weights[i] = weights[i];
      first.run();
      scale = first.scale;
      extent = scale * float(Type::TOP + 1);
      found = found & (extent > 0.f);
    }
    return select(found, extent, all(1.f));
  }

  I roundedPoint(int k, const F& inverse) const {
    I point = {};
    for (int i = 0; i < POINT; ++i) {
      const I level = clamp(nearestInt(0.5f * (inverse * x[POINT * k + i] - 1.f)), 0, Type::TOP);
      point |= level << Type::BITS * i;
    }
    return point;
  }

  /** The candidates' points `k`. */
  void choose(int k) {
    for (int c = 0; c < CANDIDATES; ++c) storeLanes(chosen[k][c], roundedPoint(k, inverses[c]));
    for (int lane = 0; lane < LANES; ++lane) {
      if (isFound[lane]) toGrid(k, lane);
    }
  }

  /** Replaces points that are not on the grid by their nearest neighbours. */
  void toGrid(int k, int lane) {
    const int at = SUB * lane + POINT * k;
    NeighbourLines<POINT, Type::BITS> lines(rows.values + at, rows.roots + at);
    int32_t previous = -1, place = 0;
    for (int c = 0; c < CANDIDATES; ++c) {
      const int32_t point = chosen[k][c][lane];
      if (point != previous) {
        place = grid.places[point];
        if (place < 0) lines.setList(grid.lists + ~place);
        previous = point;
      }
      if (place < 0) chosen[k][c][lane] = MOVED | lines.nearest(scales[c][lane], doubts[k][lane]);
    }
  }

  /**
   * How much of a lead, in distance / scale, roundings can feign (see NeighbourLines). A distance sums the terms
   * weight * (scale * number - x)², none larger than the weight * size² below. Either way to compute it has roundings
   * of less than (6 + POINT) * 2^-24 times these. There are two ways and two neighbours: 2^-18 at most. The last summand
   * covers the roundings of the smallest floats.
   */
  void setDoubts() {
    F roots[SUB];
    toLanes<SUB>(rows.roots, roots);
    const F largest = load<F>(scales[0]) * float(2 * Type::TOP + 1);
    for (int k = 0; k < POINTS; ++k) {
      F sum = {};
      for (int i = POINT * k; i < POINT * (k + 1); ++i) {
        const F size = largest + abs(x[i]);
        sum += roots[i] * size * size;
      }
      storeLanes(doubts[k], (sum * 0x1p-18f + 0x1p-97f) * inverses[CANDIDATES - 1]);
    }
  }

  void score() {
    for (int k = 0; k < POINTS; ++k) points[k] = all(Type::REFINED == Refined::OFF_GRID ? 0 : MOVED);
    F best = {};
    for (int c = 0; c < CANDIDATES; ++c) {
      I candidate[POINTS];
      for (int k = 0; k < POINTS; ++k) candidate[k] = load<I>(chosen[k][c]);
      F sumXQ, sumQ2;
      sum(candidate, sumXQ, sumQ2);
      const I better = (sumQ2 > 0.f) & (sumXQ * sumXQ > best * sumQ2);
      scale = select(better, sumXQ / sumQ2, scale);
      best = select(better, scale * sumXQ, best);
      for (int k = 0; k < POINTS; ++k) points[k] = select(better, candidate[k], points[k]);
    }
  }

  void sum(const I* at, F& sumXQ, F& sumQ2) const {
    const LevelTable<Type::BITS> numbers = LevelTable<Type::BITS>::numbers();
    sumXQ = sumQ2 = F{};
    for (int i = 0; i < SUB; ++i) {
      const F number = numbers.of(at[i / POINT] >> Type::BITS * (i % POINT));
      sumXQ += weighted[i] * number;
      sumQ2 += weights[i] * number * number;
    }
  }

  /** Chooses points again for the scale found, and then fits the scale again. */
  void refine() {
    I moved = points[0];
    for (int k = 1; k < POINTS; ++k) moved |= points[k];
    I wanted = found & (scale > 0.f);
    if (Type::REFINED != Refined::ALL) wanted = wanted & (moved >> 31);
    if (!any(wanted)) return;
    storeLanes(scales[0], scale);
    for (int k = 0; k < POINTS; ++k) {
      const I again = Type::REFINED == Refined::OFF_GRID ? wanted & (points[k] >> 31) : wanted;
      points[k] = select(again, chooseAgain(k, again), points[k]);
    }
    F sumXQ, sumQ2;
    sum(points, sumXQ, sumQ2);
    scale = select(wanted & (sumQ2 > 0.f), sumXQ / sumQ2, scale);
  }

  I chooseAgain(int k, const I& wanted) {
    int32_t wants[LANES], lanePoints[LANES];
    storeLanes(wants, wanted);
    storeLanes(lanePoints, roundedPoint(k, 1.f / scale));
    for (int lane = 0; lane < LANES; ++lane) {
      const int32_t place = grid.places[lanePoints[lane]];
      if (place >= 0 || !wants[lane]) continue;
      const int at = SUB * lane + POINT * k;
      const PointDistances<POINT, Type::BITS> distances(scales[0][lane], rows.values + at, rows.roots + at);
      lanePoints[lane] = distances.nearest(grid.lists + ~place);
    }
    return load<I>(lanePoints);
  }
};

/** LANES sub-blocks. */
template <class Block>
void quantizeGrid(const float* x, const float* importance, Block* blocks) {
  using Type = GridType<Block>;
  GridLanes<Type> lanes;
  for (int b = 0; b < GridLanes<Type>::BLOCKS; ++b) {
    const int at = SUPER_BLOCK * b;
    prepare<Type>(x + at, importance ? importance + at : nullptr, b, lanes.rows);
  }
  lanes.run();
  for (int b = 0; b < GridLanes<Type>::BLOCKS; ++b) {
    GridFits<Type> fits;
    lanes.fits(b, fits);
    storeGrid(fits, blocks[b]);
  }
}

template <class Block>
void quantizeGridRows(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  constexpr int BLOCKS = GridLanes<GridType<Block>>::BLOCKS;
  inGroups<Block, SUPER_BLOCK, BLOCKS>(x, weights, y, rows, columns, quantizeGrid<Block>);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
