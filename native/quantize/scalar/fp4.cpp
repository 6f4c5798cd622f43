// MXFP4 and NVFP4, one block at a time: a scale from the largest value, and for each element the nearest value.
// Reference: quantize_row_mxfp4_ref and quantize_row_nvfp4_ref in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/fp4.h"
#include "../common/scale.h"
#include "../families.h"
#include "blocks.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** The first of the values times `d` that are nearest to x, in float32: of large x many are. */
uint8_t nearest(float x, float d) {
  int best = 0;
  float bestError = __builtin_fabsf(FP4_VALUES[0] * d - x);
  for (int i = 1; i < 16; ++i) {
    const float error = __builtin_fabsf(FP4_VALUES[i] * d - x);
    if (error < bestError) bestError = error, best = i;
  }
  return uint8_t(best);
}

/** 2 * COUNT elements: the first half to the low nibbles. */
template <int COUNT>
void packNearest(const float* x, float d, uint8_t* qs) {
  for (int j = 0; j < COUNT; ++j) qs[j] = uint8_t(nearest(x[j], d) | nearest(x[j + COUNT], d) << 4);
}

void quantizeBlock(const float* x, BlockMXFP4& block) {
  const float largest = magnitude<32>(x);
  // ref-quirk: for largest values below 2^-125 the exponent wraps to a huge one, and all elements become 0.
  block.e = largest > 0 ? uint8_t(roundedLog2(largest) + 125) : 0;
  packNearest<16>(x, halfFromE8M0(block.e), block.qs);
}

void quantizeBlock(const float* x, BlockNVFP4& block) {
  for (int sub = 0; sub < 4; ++sub, x += 16) {
    block.d[sub] = uint8_t(toUE4M3(magnitude<16>(x) / 6.0f));
    packNearest<8>(x, halfFromUE4M3(block.d[sub]), block.qs + 8 * sub);
  }
}

}  // namespace

void quantizeMXFP4(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockMXFP4, 32>(x, y, rows * columns, quantizeBlock);
}
void quantizeNVFP4(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockNVFP4, 64>(x, y, rows * columns, quantizeBlock);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
