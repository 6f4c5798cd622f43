// Q4_K, Q5_K, Q6_K, one super-block of 256 at a time: a search for each sub-block's scale, the scales quantized in
// turn, and the elements rounded again with the scales that came of it.
// Reference: quantize_row_q[456]_K_ref in ggml-quants.c of llama.cpp v0.5.0.
#include "../families.h"
#include "blocks.h"
#include "scale-search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

template <class Block>
void quantizeAffine(const AffineSearch& search, const float* x, Block& block) {
  uint8_t levels[SUPER_BLOCK];
  float scales[8], mins[8];
  for (int sub = 0; sub < 8; ++sub) {
    const float* values = x + 32 * sub;
    float sumX2 = 0, weights[32];
    for (int j = 0; j < 32; ++j) sumX2 += values[j] * values[j];
    const float average = __builtin_sqrtf(sumX2 / 32);
    for (int j = 0; j < 32; ++j) weights[j] = average + __builtin_fabsf(values[j]);
    const Affine fit = searchAffine<32>(search, values, weights, levels + 32 * sub);
    scales[sub] = fit.scale;
    mins[sub] = -fit.min;
  }
  storeScales(block, scales, mins);
  for (int i = 0; i < SUPER_BLOCK; ++i) {
    const float d = scales[i / 32];
    if (d != 0) levels[i] = uint8_t(clamp(nearestInt((x[i] + mins[i / 32]) / d), 0, search.levels));
  }
  pack(levels, block);
}

void quantizeBlock(const float* x, BlockQ4_K& block) { quantizeAffine(SEARCH_Q4_K, x, block); }
void quantizeBlock(const float* x, BlockQ5_K& block) { quantizeAffine(SEARCH_Q5_K, x, block); }

void quantizeBlock(const float* x, BlockQ6_K& block) {
  uint8_t levels[SUPER_BLOCK];
  float scales[16];
  for (int sub = 0; sub < 16; ++sub) scales[sub] = searchSymmetric<16, 32>(x + 16 * sub, levels + 16 * sub);
  if (!storeScales(block, scales)) return;
  for (int i = 0; i < SUPER_BLOCK; ++i) {
    const float d = scales[i / 16];
    if (d != 0) levels[i] = uint8_t(32 + clamp(nearestInt(x[i] / d), -32, 31));
  }
  pack(levels, block);
}

}  // namespace

void quantizeQ4_K(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ4_K, 256>(x, y, rows * columns, quantizeBlock);
}
void quantizeQ5_K(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ5_K, 256>(x, y, rows * columns, quantizeBlock);
}
void quantizeQ6_K(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ6_K, 256>(x, y, rows * columns, quantizeBlock);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
