// The search for a sub-block's scale and points, one sub-block at a time: each candidate scale rounds every 8 or 4
// elements to a point, which is replaced by the nearest neighbour if it is not on the grid. Every operation rounds to
// float32, in this order.
// Reference: quantize_row_iq2_xxs_impl, _iq2_xs_impl, _iq2_s_impl, _iq3_xxs_impl, _iq3_s_impl in ggml-quants.c of
// llama.cpp v0.5.0.
#pragma once
#include "../common/grid-search.h"
#include "refining-search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

template <class Type>
class GridSubBlock {
 public:
  static constexpr int POINTS = Type::SUB / Type::POINT;

  GridSubBlock(const float* values, const float* weights, const float* roots)
      : grid(gridOf(Type::GRID)), x(values), weights(weights), roots(roots) {}

  /** Tries scales at which `extent` is about the largest level; without success `scale` and the points 0 stay. */
  float search(float extent, float scale, uint16_t* points) const {
    bool isRounded[POINTS];  // the point is what the values round to
    for (int k = 0; k < POINTS; ++k) points[k] = 0, isRounded[k] = Type::REFINED == Refined::OFF_GRID;
    float best = 0;
    for (int candidate = Type::FIRST; candidate <= Type::LAST; ++candidate) {
      const float inverse = (2 * Type::TOP + 1 + float(candidate) * Type::STEP) / extent;
      uint16_t rounded[POINTS], chosen[POINTS];
      for (int k = 0; k < POINTS; ++k) {
        rounded[k] = roundedPoint(k, inverse);
        chosen[k] = onGrid(k, rounded[k], 1 / inverse);
      }
      float sumXQ, sumQ2;
      sum(chosen, sumXQ, sumQ2);
      if (sumQ2 > 0 && sumXQ * sumXQ > best * sumQ2) {
        scale = sumXQ / sumQ2;
        best = scale * sumXQ;
        for (int k = 0; k < POINTS; ++k) points[k] = chosen[k], isRounded[k] = chosen[k] == rounded[k];
      }
    }
    return scale > 0 ? refine(scale, isRounded, points) : scale;
  }

 private:
  const Grid& grid;
  const float *x, *weights, *roots;

  static int levelOf(unsigned point, int i) { return point >> Type::BITS * i & ((1 << Type::BITS) - 1); }
  static float numberOf(unsigned point, int i) { return float(2 * levelOf(point, i) + 1); }

  uint16_t roundedPoint(int k, float inverse) const {
    unsigned point = 0;
    for (int i = 0; i < Type::POINT; ++i) {
      const int level = nearestInt(0.5f * (inverse * x[Type::POINT * k + i] - 1));
      point |= unsigned(clamp(level, 0, Type::TOP)) << Type::BITS * i;
    }
    return uint16_t(point);
  }

  /** The point itself, or of its neighbours the one that is the least weighted distance from the values. */
  uint16_t onGrid(int k, uint16_t point, float scale) const {
    if (grid.places[point] >= 0) return point;
    const uint16_t* neighbours = grid.lists + ~grid.places[point];
    const int count = *neighbours++;
    uint16_t nearest = neighbours[0];
    float least = 0x1.fffffep127f;
    for (int n = 0; n < count; ++n) {
      float distance = 0;
      for (int i = 0; i < Type::POINT; ++i) {
        const float difference = scale * numberOf(neighbours[n], i) - x[Type::POINT * k + i];
        distance += roots[Type::POINT * k + i] * difference * difference;
      }
      if (distance < least) least = distance, nearest = neighbours[n];
    }
    return nearest;
  }

  void sum(const uint16_t* points, float& sumXQ, float& sumQ2) const {
    sumXQ = sumQ2 = 0;
    for (int i = 0; i < Type::SUB; ++i) {
      const float number = numberOf(points[i / Type::POINT], i % Type::POINT);
      sumXQ += weights[i] * x[i] * number;
      sumQ2 += weights[i] * number * number;
    }
  }

  /** Chooses points again for the scale found, and then fits the scale again. */
  float refine(float scale, const bool* isRounded, uint16_t* points) const {
    bool allRounded = true;
    for (int k = 0; k < POINTS; ++k) allRounded &= isRounded[k];
    if (allRounded && Type::REFINED != Refined::ALL) return scale;
    for (int k = 0; k < POINTS; ++k) {
      if (isRounded[k] && Type::REFINED == Refined::OFF_GRID) continue;
      points[k] = onGrid(k, roundedPoint(k, 1 / scale), scale);
    }
    float sumXQ, sumQ2;
    sum(points, sumXQ, sumQ2);
    return sumQ2 > 0 ? sumXQ / sumQ2 : scale;
  }
};

/** A sub-block's scale, signs and points; false if there is nothing. */
template <class Type>
bool searchSubBlock(const float* values, const float* weights, const float* roots, float& scale, uint16_t* points) {
  float extent = values[0];
  for (int i = 1; i < Type::SUB; ++i) extent = extent > values[i] ? extent : values[i];
  if (extent < Type::NOTHING) return false;
  scale = extent / (2 * Type::TOP + 1);
  if constexpr (Type::FITS_FIRST) {
    uint8_t levels[Type::SUB];
    scale = searchPositive<Type::SUB, Type::TOP + 2>(values, weights, levels);
    extent = scale * (Type::TOP + 1);
    if (extent <= 0) return false;
  }
  scale = GridSubBlock<Type>(values, weights, roots).search(extent, scale, points);
  return true;
}

template <class Block>
void quantizeGrid(const float* x, const float* importance, Block& block) {
  using Type = GridType<Block>;
  GridValues<SUPER_BLOCK> super;
  GridFits<Type> fits = {};
  prepare<Type>(x, importance, 0, super);
  for (int sub = 0; sub < SUPER_BLOCK / Type::SUB; ++sub) {
    const int i = sub * Type::SUB;
    float scale;
    uint16_t* points = fits.points + i / Type::POINT;
    fits.found[sub] = searchSubBlock<Type>(super.values + i, super.weights + i, super.roots + i, scale, points);
    if (!fits.found[sub]) continue;
    fits.scales[sub] = __builtin_fabsf(scale);
    // ref-quirk: a negative scale (a value whose sign was changed for the parity weighs most) turns all signs.
    for (int k = i / 8; k < (i + Type::SUB) / 8; ++k) fits.signs[k] = uint8_t(super.signs[k] ^ (scale < 0 ? 255 : 0));
  }
  storeGrid(fits, block);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
