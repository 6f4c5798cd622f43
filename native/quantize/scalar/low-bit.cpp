// TQ1_0, TQ2_0, Q1_0, Q2_0, one block at a time: a scale from the values' sizes, then rounding to -1, 0, 1 or a sign.
// Reference: quantize_row_*_ref in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/half.h"
#include "../common/low-bit.h"
#include "../common/scale.h"
#include "../families.h"
#include "blocks.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/**
 * ref-quirk: scales below 2^-128 have no finite inverse, and what becomes of infinite and NaN levels differs: they wrap
 * around to 0, or are limited to -1.
 */
template <class Block, int ELEMENTS, bool WRAPS>
void quantizeTernary(const float* x, Block& block) {
  const float d = magnitude<ELEMENTS>(x), id = inverse(d);
  uint8_t levels[ELEMENTS];
  for (int i = 0; i < ELEMENTS; ++i) {
    const int level = roundedAway(x[i] * id) + 1;
    levels[i] = uint8_t(WRAPS ? level & 3 : clamp(level, 0, 3));
  }
  block.d = toHalf(d);
  pack(levels, block);
}

void quantizeSigns(const float* x, BlockQ1_0& block) {
  float sum = 0;
  for (int i = 0; i < 128; ++i) sum += __builtin_fabsf(x[i]);
  block = {.d = toHalf(sum / 128), .qs = {}};
  for (int i = 0; i < 128; ++i) block.qs[i / 8] |= uint8_t((x[i] >= 0) << i % 8);
}

}  // namespace

void quantizeTQ1_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockTQ1_0, 256>(x, y, rows * columns, quantizeTernary<BlockTQ1_0, 256, true>);
}
void quantizeTQ2_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockTQ2_0, 256>(x, y, rows * columns, quantizeTernary<BlockTQ2_0, 256, true>);
}
void quantizeQ1_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ1_0, 128>(x, y, rows * columns, quantizeSigns);
}
void quantizeQ2_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ2_0, 64>(x, y, rows * columns, quantizeTernary<BlockQ2_0, 64, false>);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
