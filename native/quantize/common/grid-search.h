// What the types that choose from a grid (IQ2, IQ3) do alike before and after the search, a super-block at a time;
// shared by the scalar and the vector kernels. What they differ in is in one struct a type, GridType (iq2.h, iq3.h):
//   GRID          its name
//   SUB           elements that share a scale
//   POINT, BITS   elements of a point, bits of a level: 0 ... TOP, which stand for the numbers 2 * level + 1
//   FIRST, LAST   candidates of the search: for candidate c the largest value becomes 2 * TOP + 1 + STEP * c
//   NOTHING       sub-blocks whose largest value is less than this are empty
//   SPREAD        factor of the mean square in the weights
//   PARITY        only 7 of 8 signs are stored, and the number of minus signs is even
//   FITS_FIRST    the search begins with the best scale for levels 0 ... TOP + 2 without a grid
//   REFINED       which points are chosen again for the scale that was found
//   FACTOR        a correction of the super-block's scale
//   KEEPS_POINTS  points and signs are stored even if all scales are 0
//   plainWeight   of a value, without importance weights
//   pack          to a block
#pragma once
#include "../grids.h"
#include "half.h"
#include "pack.h"
#include "signs.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

template <class Block>
struct GridType;

enum class Refined {
  OFF_GRID,    // those that are not what the values round to
  ALL_IF_ANY,  // all, if there are such or no candidate was good
  ALL,
};

/** Super-blocks, COUNT elements together, as the search wants them. */
template <int COUNT>
struct GridValues {
  float values[COUNT];   // sizes; where a sign had to be changed for the parity, less than zero
  float weights[COUNT];  // of squared errors
  float roots[COUNT];    // of the weights: they count in the choice of a neighbour
  uint8_t signs[COUNT / 8];
};

/** What a search finds. */
template <class Type>
struct GridFits {
  bool found[SUPER_BLOCK / Type::SUB];  // whether there is something in a sub-block
  float scales[SUPER_BLOCK / Type::SUB];
  uint16_t points[SUPER_BLOCK / Type::POINT];
  uint8_t signs[SUPER_BLOCK / 8];
};

/** Fills in super-block `block` of `out`. `importance` may be null. */
template <class Type, int COUNT>
void prepare(const float* x, const float* importance, int block, GridValues<COUNT>& out) {
  float *values = out.values + SUPER_BLOCK * block, *weights = out.weights + SUPER_BLOCK * block;
  float* roots = out.roots + SUPER_BLOCK * block;
  uint8_t* signs = out.signs + SUPER_BLOCK / 8 * block;
  float sumX2 = 0;
  for (int i = 0; i < SUPER_BLOCK; ++i) sumX2 += x[i] * x[i];
  const float spread = Type::SPREAD * sumX2 / SUPER_BLOCK;
  if (importance) {
    for (int i = 0; i < SUPER_BLOCK; ++i) weights[i] = importance[i] * __builtin_sqrtf(spread + x[i] * x[i]);
  } else {
    for (int i = 0; i < SUPER_BLOCK; ++i) weights[i] = Type::plainWeight(x[i], spread);
  }
  for (int i = 0; i < SUPER_BLOCK; ++i) {
    roots[i] = __builtin_sqrtf(weights[i]);
    values[i] = x[i] >= 0 ? x[i] : -x[i];
  }
  for (int i = 0; i < SUPER_BLOCK; i += 8) {
    unsigned minus = 0;
    for (int j = 0; j < 8; ++j) minus |= unsigned(!(x[i + j] >= 0)) << j;
    signs[i / 8] = uint8_t(minus);
    if (Type::PARITY) makeEven(values + i, weights + i, signs[i / 8]);
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
