// Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, one block of 32 at a time: a scale from the largest value, then rounding.
// Reference: quantize_row_*_ref in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/half.h"
#include "../common/scale.h"
#include "../families.h"
#include "blocks.h"

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

/** Of a value 0 ... largest + 1, or what a scale without a finite inverse gives (below 2^-128): level 0. */
uint8_t levelOf(float value, int largest) {
  const int level = truncated(value);  // INT_MIN for that, and its low bits are 0
  return uint8_t(level < largest ? level : largest);
}

/** Q4_0, Q5_0: levels -LEVELS / 2 ... LEVELS / 2 - 1, stored with LEVELS / 2 added; the extreme value has the first. */
template <class Block, int LEVELS>
void quantizeSymmetric(const float* x, Block& block) {
  const float d = extreme<32>(x) / (-LEVELS / 2), id = inverse(d);
  uint8_t levels[32];
  for (int j = 0; j < 32; ++j) levels[j] = levelOf(x[j] * id + (LEVELS / 2 + 0.5f), LEVELS - 1);
  block.d = toHalf(d);
  pack(levels, block);
}

/** Q4_1, Q5_1: the levels 0 ... LEVELS - 1 go from the smallest to the largest value. */
template <class Block, int LEVELS>
void quantizeAffine(const float* x, Block& block) {
  float min = 0x1.fffffep127f, max = -0x1.fffffep127f;
  for (int j = 0; j < 32; ++j) {
    if (x[j] < min) min = x[j];
    if (x[j] > max) max = x[j];
  }
  const float d = (max - min) / (LEVELS - 1), id = inverse(d);
  uint8_t levels[32];
  for (int j = 0; j < 32; ++j) levels[j] = levelOf((x[j] - min) * id + 0.5f, LEVELS - 1);
  block.d = toHalf(d);
  block.m = toHalf(min);
  pack(levels, block);
}

void quantizeBlock(const float* x, BlockQ8_0& block) {
  const float d = magnitude<32>(x) / 127, id = inverse(d);
  block.d = toHalf(d);
  for (int j = 0; j < 32; ++j) block.qs[j] = int8_t(roundedAway(x[j] * id));
}

}  // namespace

void quantizeQ4_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ4_0, 32>(x, y, rows * columns, quantizeSymmetric<BlockQ4_0, 16>);
}
void quantizeQ4_1(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ4_1, 32>(x, y, rows * columns, quantizeAffine<BlockQ4_1, 16>);
}
void quantizeQ5_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ5_0, 32>(x, y, rows * columns, quantizeSymmetric<BlockQ5_0, 32>);
}
void quantizeQ5_1(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ5_1, 32>(x, y, rows * columns, quantizeAffine<BlockQ5_1, 32>);
}
void quantizeQ8_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ8_0, 32>(x, y, rows * columns, quantizeBlock);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
