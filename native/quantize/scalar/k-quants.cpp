// Q2_K ... Q6_K, one super-block of 256 at a time: a search for each sub-block's scale, the scales quantized in turn,
// and the elements rounded again with the scales that came of it.
// Reference: quantize_row_q[2-6]_K_ref and quantize_row_q[2-6]_K_impl in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/importance.h"
#include "../common/scales.h"
#include "../families.h"
#include "blocks.h"
#include "refining-search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** How much the error of each element counts, by the importance of its column and beside the mean square. */
template <class Block>
void weighAll(const float* x, const float* importance, float* weights) {
  const float variance = SHAPE<Block>.variance * sumSquares<SUPER_BLOCK>(x) / SUPER_BLOCK;
  weigh<SUPER_BLOCK>(x, importance, variance, weights);
}

/** The sum of each sub-block's weights. */
template <int SUBS>
void sumWeights(const float* weights, float* sums) {
  constexpr int SIZE = SUPER_BLOCK / SUBS;
  for (int sub = 0; sub < SUBS; ++sub) {
    sums[sub] = 0;
    for (int j = 0; j < SIZE; ++j) sums[sub] += weights[SIZE * sub + j];
  }
}

// With a minimum: Q2_K, Q4_K, Q5_K.

template <class Block>
struct Affines {
  static constexpr int SUBS = SHAPE<Block>.subBlocks, SIZE = SUPER_BLOCK / SUBS, LEVELS = SHAPE<Block>.levels;
  uint8_t levels[SUPER_BLOCK];
  float scales[SUBS], mins[SUBS];

  void searchAll(const AffineSearch& search, const float* x, const float* weights) {
    for (int sub = 0; sub < SUBS; ++sub) {
      const int first = SIZE * sub;
      const Affine fit = searchAffine<SIZE>(search, x + first, weights + first, levels + first);
      scales[sub] = fit.scale;
      mins[sub] = -fit.min;
    }
  }

  /** Rounds again with the scales that the block has now; where one is 0 the search's levels stay. */
  void roundAll(const float* x, Block& block) {
    decodeScales(block, scales, mins);
    for (int i = 0; i < SUPER_BLOCK; ++i) {
      const float d = scales[i / SIZE];
      if (d != 0) levels[i] = uint8_t(clamp(nearestInt((x[i] + mins[i / SIZE]) / d), 0, LEVELS));
    }
    pack(levels, block);
  }
};

template <class Block>
void quantizeAffine(const AffineSearch& search, const float* x, const float* weights, Block& block) {
  Affines<Block> subBlocks;
  subBlocks.searchAll(search, x, weights);
  storeScales(subBlocks.scales, subBlocks.mins, block);
  subBlocks.roundAll(x, block);
}

/** The scales and the minimums are quantized by searches too, in which a sub-block counts by its weights. */
template <class Block>
void quantizeAffine(const float* x, const float* importance, Block& block) {
  constexpr int SUBS = SHAPE<Block>.subBlocks, LEVELS = SHAPE<Block>.scaleLevels;
  float weights[SUPER_BLOCK], sums[SUBS];
  weighAll<Block>(x, importance, weights);
  sumWeights<SUBS>(weights, sums);
  Affines<Block> subBlocks;
  subBlocks.searchAll(IMPORTANCE_SEARCH<SHAPE<Block>.levels>, x, weights);
  uint8_t scaleLevels[SUBS], minLevels[SUBS];
  block.d = toHalf(withSignOfNan(searchPositive<SUBS, LEVELS>(subBlocks.scales, sums, scaleLevels)));
  block.dmin = toHalf(withSignOfNan(searchPositive<SUBS, LEVELS>(subBlocks.mins, sums, minLevels)));
  packScales(scaleLevels, minLevels, block);
  subBlocks.roundAll(x, block);
}

void quantizeBlock(const float* x, BlockQ2_K& block) {
  float weights[SUPER_BLOCK];
  for (int i = 0; i < SUPER_BLOCK; ++i) weights[i] = __builtin_fabsf(x[i]);
  quantizeAffine(SEARCH_Q2_K, x, weights, block);
}

/** Weights without importance for sub-blocks of 32: the root of the mean square, and the element's size. */
void weighBySize(const float* x, float* weights) {
  for (int sub = 0; sub < SUPER_BLOCK; sub += 32) {
    const float average = __builtin_sqrtf(sumSquares<32>(x + sub) / 32);
    for (int i = sub; i < sub + 32; ++i) weights[i] = average + __builtin_fabsf(x[i]);
  }
}

void quantizeBlock(const float* x, BlockQ4_K& block) {
  float weights[SUPER_BLOCK];
  weighBySize(x, weights);
  quantizeAffine(SEARCH_Q4_K, x, weights, block);
}
void quantizeBlock(const float* x, BlockQ5_K& block) {
  float weights[SUPER_BLOCK];
  weighBySize(x, weights);
  quantizeAffine(SEARCH_Q5_K, x, weights, block);
}

void quantizeBlock(const float* x, const float* importance, BlockQ2_K& block) { quantizeAffine(x, importance, block); }
void quantizeBlock(const float* x, const float* importance, BlockQ4_K& block) { quantizeAffine(x, importance, block); }
void quantizeBlock(const float* x, const float* importance, BlockQ5_K& block) { quantizeAffine(x, importance, block); }

// Without a minimum: Q3_K, Q6_K.

/** Sets the scales of 16 sub-blocks, and the levels that each comes from. */
template <float (*SEARCH)(const float* x, const float* weights, uint8_t* levels)>
void searchSubBlocks(const float* x, const float* weights, float* scales, uint8_t* levels) {
  for (int i = 0; i < SUPER_BLOCK; i += 16) scales[i / 16] = SEARCH(x + i, weights + i, levels + i);
}

/** Rounds again with the scales that the block has now; where one is 0 the search's levels stay. */
template <class Block>
void roundSymmetric(const float* x, uint8_t* levels, Block& block) {
  constexpr int LEVELS = SHAPE<Block>.levels;
  float scales[16];
  decodeScales(block, scales);
  for (int i = 0; i < SUPER_BLOCK; ++i) {
    const float d = scales[i / 16];
    if (d != 0) levels[i] = uint8_t(LEVELS + clamp(nearestInt(x[i] / d), -LEVELS, LEVELS - 1));
  }
  pack(levels, block);
}

void quantizeBlock(const float* x, BlockQ3_K& block) {
  float weights[SUPER_BLOCK], scales[16];
  uint8_t levels[SUPER_BLOCK];
  weigh<SUPER_BLOCK>(x, nullptr, 0, weights);
  searchSubBlocks<refineSymmetric<16, 4>>(x, weights, scales, levels);
  storeScales(scales, block);
  roundSymmetric(x, levels, block);
}

void quantizeBlock(const float* x, const float* importance, BlockQ3_K& block) {
  float weights[SUPER_BLOCK], sums[16], scales[16];
  uint8_t levels[SUPER_BLOCK], scaleLevels[16];
  weighAll<BlockQ3_K>(x, importance, weights);
  sumWeights<16>(weights, sums);
  searchSubBlocks<searchSymmetric<16, 4>>(x, weights, scales, levels);
  block.d = toHalf(withSignOfNan(searchSymmetric<16, 32>(scales, sums, scaleLevels)));
  packScales(scaleLevels, block);
  roundSymmetric(x, levels, block);
}

void quantizeBlock(const float* x, const float* importance, BlockQ6_K& block) {
  float scales[16];
  uint8_t levels[SUPER_BLOCK];
  searchSubBlocks<searchSymmetric<16, 32>>(x, importance, scales, levels);
  if (storeScales(scales, block)) roundSymmetric(x, levels, block);
}

void quantizeBlock(const float* x, BlockQ6_K& block) {
  float weights[SUPER_BLOCK];
  weigh<SUPER_BLOCK>(x, nullptr, 0, weights);
  quantizeBlock(x, weights, block);
}

template <class Block>
void quantize(const float* x, const float* importance, uint8_t* y, size_t rows, size_t columns) {
  if (importance) {
    eachBlock<Block, SUPER_BLOCK>(x, importance, y, rows, columns, quantizeBlock);
  } else {
    eachBlock<Block, SUPER_BLOCK>(x, y, rows * columns, quantizeBlock);
  }
}

}  // namespace

void quantizeQ2_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantize<BlockQ2_K>(x, weights, y, rows, columns);
}
void quantizeQ3_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantize<BlockQ3_K>(x, weights, y, rows, columns);
}
void quantizeQ4_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantize<BlockQ4_K>(x, weights, y, rows, columns);
}
void quantizeQ5_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantize<BlockQ5_K>(x, weights, y, rows, columns);
}
void quantizeQ6_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantize<BlockQ6_K>(x, weights, y, rows, columns);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
