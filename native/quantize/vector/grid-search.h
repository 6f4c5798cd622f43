// scalar/grid-search.h with a sub-block a lane; the neighbours of a point that is not on the grid are searched for one
// sub-block after the other.
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
    F extent = begin();
    for (int i = 0; i < SUB; ++i) weighted[i] = weights[i] * x[i];
    search(extent);
    refine();
  }

  /** Super-block `block`. */
  void store(int block, GridFits<Type>& fits) const {
    constexpr int SUBS = SUPER_BLOCK / SUB;
    float scales[LANES];
    int32_t foundLanes[LANES], pointLanes[POINTS][LANES];
    __builtin_memcpy(scales, &scale, sizeof scales);
    __builtin_memcpy(foundLanes, &found, sizeof foundLanes);
    __builtin_memcpy(pointLanes, points, sizeof pointLanes);
    for (int sub = 0; sub < SUBS; ++sub) {
      const int lane = SUBS * block + sub;
      fits.found[sub] = foundLanes[lane] != 0;
      fits.scales[sub] = fits.found[sub] ? __builtin_fabsf(scales[lane]) : 0;
      for (int k = 0; k < POINTS; ++k) fits.points[POINTS * sub + k] = fits.found[sub] ? uint16_t(pointLanes[k][lane]) : 0;
      for (int k = 0; k < SUB / 8; ++k) {
        const int sign = rows.signs[SUB / 8 * lane + k] ^ (scales[lane] < 0 ? 255 : 0);
        fits.signs[SUB / 8 * sub + k] = fits.found[sub] ? uint8_t(sign) : 0;
      }
    }
  }

 private:
  const Grid& grid = gridOf(Type::GRID);
  F x[SUB], weights[SUB], weighted[SUB];  // weighted: weight * x
  F scale;
  I found;            // whether there is something
  I points[POINTS];   // the best so far
  I rounded[POINTS];  // whether they are what the values round to

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

  void search(const F& extent) {
    for (int k = 0; k < POINTS; ++k) points[k] = I{}, rounded[k] = all(Type::REFINED == Refined::OFF_GRID ? -1 : 0);
    F best = {};
    for (int candidate = Type::FIRST; candidate <= Type::LAST; ++candidate) {
      const F inverse = (2 * Type::TOP + 1 + float(candidate) * Type::STEP) / extent;
      I nearest[POINTS], chosen[POINTS];
      for (int k = 0; k < POINTS; ++k) chosen[k] = nearest[k] = roundedPoint(k, inverse);
      toGrid(chosen, 1.f / inverse, found);
      F sumXQ, sumQ2;
      sum(chosen, sumXQ, sumQ2);
      const I better = (sumQ2 > 0.f) & (sumXQ * sumXQ > best * sumQ2);
      scale = select(better, sumXQ / sumQ2, scale);
      best = select(better, scale * sumXQ, best);
      for (int k = 0; k < POINTS; ++k) {
        points[k] = select(better, chosen[k], points[k]);
        rounded[k] = select(better, chosen[k] == nearest[k], rounded[k]);
      }
    }
  }

  I roundedPoint(int k, const F& inverse) const {
    I point = {};
    for (int i = 0; i < POINT; ++i) {
      const I level = clamp(nearestInt(0.5f * (inverse * x[POINT * k + i] - 1.f)), 0, Type::TOP);
      point |= level << Type::BITS * i;
    }
    return point;
  }

  /** Replaces points that are not on the grid by their nearest neighbours, where `wanted`. */
  void toGrid(I* chosen, const F& scales, const I& wanted) const {
    int32_t lanePoints[POINTS][LANES], wants[LANES];
    float laneScales[LANES];
    __builtin_memcpy(lanePoints, chosen, sizeof lanePoints);
    hf2gguf::HF2GGUF_NAMESPACE::store(wants, wanted);
    hf2gguf::HF2GGUF_NAMESPACE::store(laneScales, scales);
    for (int k = 0; k < POINTS; ++k) {
      for (int lane = 0; lane < LANES; ++lane) {
        const int32_t place = grid.places[lanePoints[k][lane]];
        if (place >= 0 || !wants[lane]) continue;
        const int at = SUB * lane + POINT * k;
        const PointDistances<POINT, Type::BITS> distances(laneScales[lane], rows.values + at, rows.roots + at);
        lanePoints[k][lane] = distances.nearest(grid.lists + ~place);
      }
    }
    __builtin_memcpy(static_cast<void*>(chosen), lanePoints, sizeof lanePoints);
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
    I wanted = found & (scale > 0.f);
    I allRounded = all(-1);
    for (int k = 0; k < POINTS; ++k) allRounded = allRounded & rounded[k];
    if (Type::REFINED != Refined::ALL) wanted = wanted & (allRounded == 0);
    if (!any(wanted)) return;
    I chosen[POINTS];
    for (int k = 0; k < POINTS; ++k) {
      const I again = Type::REFINED == Refined::OFF_GRID ? wanted & (rounded[k] == 0) : wanted;
      chosen[k] = select(again, roundedPoint(k, 1.f / scale), points[k]);
    }
    toGrid(chosen, scale, wanted);
    F sumXQ, sumQ2;
    sum(chosen, sumXQ, sumQ2);
    for (int k = 0; k < POINTS; ++k) points[k] = select(wanted, chosen[k], points[k]);
    scale = select(wanted & (sumQ2 > 0.f), sumXQ / sumQ2, scale);
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
    lanes.store(b, fits);
    storeGrid(fits, blocks[b]);
  }
}

template <class Block>
void quantizeGridRows(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  constexpr int BLOCKS = GridLanes<GridType<Block>>::BLOCKS;
  inGroups<Block, SUPER_BLOCK, BLOCKS>(x, weights, y, rows, columns, quantizeGrid<Block>);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
