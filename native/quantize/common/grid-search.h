// What the types that choose from a grid (IQ2, IQ3) do alike before and after the search, a super-block at a time; shared
// by the scalar and the vector kernels. What they differ in is in a struct a type, GridType (iq2.h, iq3.h):
//   GRID             the grid
//   SUB              elements that share a scale
//   POINT            elements of a point of the grid, in BITS bits each; levels are 0 ... TOP and stand for 2 * level + 1
//   FIRST, LAST, STEP   candidates of the search: the largest value becomes 2 * TOP + 1 + STEP * candidate
//   NOTHING          sub-blocks with no value as large as this count as zero
//   SPREAD           how often the mean square counts in the weights
//   PARITY           only 7 of 8 signs are stored, the eighth makes their number even
//   FITS_FIRST       whether the search begins with the best scale for levels 0 ... TOP + 2 without the grid
//   REFINED          which points are chosen again for the scale that came of the search
//   FACTOR           of the super-block's scale as it is stored: a correction
//   KEEPS_POINTS     whether points and signs are stored even if all scales are 0
//   plainWeight      of a value, without importance weights
//   pack             to a block
#pragma once
#include "../grids.h"
#include "half.h"
#include "pack.h"
#include "signs.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

template <class Block>
struct GridType;

enum class Refined {
  OFF_GRID,    // those for which the candidate's rounding was not on the grid
  ALL_IF_ANY,  // all, if there is one of those or no candidate was better than none
  ALL,
};

/** A super-block as the search wants it. */
struct GridValues {
  float values[SUPER_BLOCK];   // sizes; where a sign had to be changed for the parity, less than zero
  float weights[SUPER_BLOCK];  // of squared errors
  float roots[SUPER_BLOCK];    // of the weights: they count in the choice of a neighbour
  uint8_t signs[SUPER_BLOCK / 8];
};

/** What a search finds. */
template <class Type>
struct GridFits {
  bool found[SUPER_BLOCK / Type::SUB];  // whether there is something in a sub-block
  float scales[SUPER_BLOCK / Type::SUB];
  uint16_t points[SUPER_BLOCK / Type::POINT];
  uint8_t signs[SUPER_BLOCK / 8];
};

template <class Type>
void prepare(const float* x, const float* importance, GridValues& out) {
  float sumX2 = 0;
  for (int i = 0; i < SUPER_BLOCK; ++i) sumX2 += x[i] * x[i];
  const float spread = Type::SPREAD * sumX2 / SUPER_BLOCK;
  if (importance) {
    for (int i = 0; i < SUPER_BLOCK; ++i) out.weights[i] = importance[i] * __builtin_sqrtf(spread + x[i] * x[i]);
  } else {
    for (int i = 0; i < SUPER_BLOCK; ++i) out.weights[i] = Type::plainWeight(x[i], spread);
  }
  for (int i = 0; i < SUPER_BLOCK; ++i) {
    out.roots[i] = __builtin_sqrtf(out.weights[i]);
    out.values[i] = x[i] >= 0 ? x[i] : -x[i];
  }
  for (int i = 0; i < SUPER_BLOCK; i += 8) {
    unsigned signs = 0;
    for (int j = 0; j < 8; ++j) signs |= unsigned(!(x[i + j] >= 0)) << j;
    out.signs[i / 8] = uint8_t(signs);
    if (Type::PARITY) makeEven(out.values + i, out.weights + i, out.signs[i / 8]);
  }
}

/** Quantizes the scales, and stores a super-block. */
template <class Block, class Type = GridType<Block>>
void storeGrid(const GridFits<Type>& fits, Block& block) {
  constexpr int SUBS = SUPER_BLOCK / Type::SUB;
  float largest = 0;
  for (int sub = 0; sub < SUBS; ++sub) largest = largest > fits.scales[sub] ? largest : fits.scales[sub];
  block = {};
  uint8_t levels[SUBS] = {};
  uint16_t indices[SUPER_BLOCK / Type::POINT];
  if (largest != 0) {
    const float d = largest / 31, inverse = 1 / d;
    block.d = toHalf(d * Type::FACTOR);
    for (int sub = 0; sub < SUBS; ++sub) {
      levels[sub] = uint8_t(clamp(nearestInt(0.5f * (inverse * fits.scales[sub] - 1)), 0, 15));
    }
  } else if (!Type::KEEPS_POINTS) {
    return;
  }
  const int32_t* places = gridOf(Type::GRID).places;
  for (int i = 0; i < SUPER_BLOCK / Type::POINT; ++i) indices[i] = uint16_t(places[fits.points[i]]);
  Type::pack(fits, indices, levels, block);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
