// Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, one block of 32 at a time: a scale from the largest value, then rounding. With
// importance weights (not Q8_0): a search for the scale.
// Reference: quantize_row_*_ref and quantize_row_*_impl in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/half.h"
#include "../common/scale.h"
#include "../families.h"
#include "blocks.h"
#include "scale-search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** Levels of 4 bits, or of 5 if the block has room for the fifth ones. */
template <class Block>
void pack(const uint8_t* levels, Block& block) {
  for (int j = 0; j < 16; ++j) block.qs[j] = uint8_t((levels[j] & 15) | levels[j + 16] << 4);
  if constexpr (requires { block.qh; }) {
    uint32_t high = 0;
    for (int j = 0; j < 32; ++j) high |= uint32_t(levels[j] >> 4) << j;
    __builtin_memcpy(block.qh, &high, 4);
  }
}

/** Q4_0, Q5_0: levels -LEVELS / 2 ... LEVELS / 2 - 1, stored with LEVELS / 2 added; the extreme value has the first. */
template <class Block, int LEVELS>
void roundSymmetric(const float* x, Block& block) {
  const float d = extremeOf<32>(x) / (-LEVELS / 2), id = inverse(d);
  uint8_t levels[32];
  for (int j = 0; j < 32; ++j) {
    // INT_MIN, for scales without a finite inverse (below 2^-128), becomes 0.
    const int level = truncated(x[j] * id + (LEVELS / 2 + 0.5f));
    levels[j] = uint8_t(level < LEVELS ? level : LEVELS - 1);
  }
  block.d = toHalf(d);
  pack(levels, block);
}

/** Q4_1, Q5_1: the levels 0 ... LEVELS - 1 go from the smallest to the largest value. */
template <class Block, int LEVELS>
void roundAffine(const float* x, Block& block) {
  float min = 0x1.fffffep127f, max = -0x1.fffffep127f;
  for (int j = 0; j < 32; ++j) {
    if (x[j] < min) min = x[j];
    if (x[j] > max) max = x[j];
  }
  const float d = (max - min) / (LEVELS - 1), id = inverse(d);
  uint8_t levels[32];
  for (int j = 0; j < 32; ++j) levels[j] = uint8_t(truncated((x[j] - min) * id + 0.5f));
  block.d = toHalf(d);
  block.m = toHalf(min);
  pack(levels, block);
}

template <class Block, int LEVELS>
void fitSymmetric(const float* x, const float* weights, Block& block) {
  uint8_t levels[32];
  block.d = toHalf(withSignOfNan(searchSymmetric<32, LEVELS / 2>(x, weights, levels)));
  pack(levels, block);
}

template <class Block, int LEVELS>
void fitAffine(const float* x, const float* weights, Block& block) {
  uint8_t levels[32];
  const Affine fit = searchAffine<32>(IMPORTANCE_SEARCH<LEVELS - 1>, x, weights, levels);
  block.d = toHalf(fit.scale);
  block.m = toHalf(fit.min);
  pack(levels, block);
}

/** Calls SEARCH(x, weights, block) for each block; a weight is by the column's importance and the row's mean square. */
template <class Block, void (*SEARCH)(const float* x, const float* weights, Block& block)>
void searchRows(const float* x, const float* importance, uint8_t* y, size_t rows, size_t columns) {
  for (size_t row = 0; row < rows; ++row) {
    float sumX2 = 0;
    for (size_t i = 0; i < columns; ++i) sumX2 += x[i] * x[i];
    const float meanSquare = sumX2 / float(columns);
    for (size_t i = 0; i < columns; i += 32, x += 32, y += sizeof(Block)) {
      float weights[32];
      for (int j = 0; j < 32; ++j) weights[j] = importance[i + j] * __builtin_sqrtf(meanSquare + x[j] * x[j]);
      Block block;
      SEARCH(x, weights, block);
      __builtin_memcpy(y, &block, sizeof block);
    }
  }
}

template <class Block, void (*PLAIN)(const float* x, Block& block),
          void (*SEARCH)(const float* x, const float* weights, Block& block)>
void quantize(const float* x, const float* importance, uint8_t* y, size_t rows, size_t columns) {
  if (importance) return searchRows<Block, SEARCH>(x, importance, y, rows, columns);
  eachBlock<Block, 32>(x, y, rows * columns, PLAIN);
}

void quantizeBlock(const float* x, BlockQ8_0& block) {
  const float d = magnitude<32>(x) / 127, id = inverse(d);
  block.d = toHalf(d);
  for (int j = 0; j < 32; ++j) block.qs[j] = int8_t(roundedAway(x[j] * id));
}

}  // namespace

void quantizeQ4_0(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  using Block = BlockQ4_0;
  quantize<Block, roundSymmetric<Block, 16>, fitSymmetric<Block, 16>>(x, weights, y, rows, columns);
}
void quantizeQ4_1(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  using Block = BlockQ4_1;
  quantize<Block, roundAffine<Block, 16>, fitAffine<Block, 16>>(x, weights, y, rows, columns);
}
void quantizeQ5_0(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  using Block = BlockQ5_0;
  quantize<Block, roundSymmetric<Block, 32>, fitSymmetric<Block, 32>>(x, weights, y, rows, columns);
}
void quantizeQ5_1(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  using Block = BlockQ5_1;
  quantize<Block, roundAffine<Block, 32>, fitAffine<Block, 32>>(x, weights, y, rows, columns);
}
void quantizeQ8_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ8_0, 32>(x, y, rows * columns, quantizeBlock);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
