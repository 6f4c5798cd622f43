// Q2_K ... Q6_K to float32: scale * level - minimum, or scale * level with levels around 0.
// Reference: dequantize_row_q[2-6]_K in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/pack.h"
#include "../families.h"
#include "blocks.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

template <class Block>
void decodeAffine(const Block& block, float* x) {
  constexpr int SUBS = SHAPE<Block>.subBlocks, SIZE = SUPER_BLOCK / SUBS;
  float scales[SUBS], mins[SUBS];
  uint8_t levels[SUPER_BLOCK];
  decodeScales(block, scales, mins);
  unpack(block, levels);
  for (int sub = 0; sub < SUBS; ++sub) {
    for (int j = 0; j < SIZE; ++j) x[SIZE * sub + j] = scales[sub] * float(levels[SIZE * sub + j]) - mins[sub];
  }
}

template <class Block>
void decodeSymmetric(const Block& block, float* x) {
  constexpr int SUBS = SHAPE<Block>.subBlocks, SIZE = SUPER_BLOCK / SUBS, ZERO = SHAPE<Block>.levels;
  float scales[SUBS];
  uint8_t levels[SUPER_BLOCK];
  decodeScales(block, scales);
  unpack(block, levels);
  for (int sub = 0; sub < SUBS; ++sub) {
    for (int j = 0; j < SIZE; ++j) x[SIZE * sub + j] = scales[sub] * float(levels[SIZE * sub + j] - ZERO);
  }
}

}  // namespace

void dequantizeQ2_K(const uint8_t* y, float* x, size_t count) {
  decodeBlocks<BlockQ2_K, SUPER_BLOCK, decodeAffine>(y, x, count);
}
void dequantizeQ3_K(const uint8_t* y, float* x, size_t count) {
  decodeBlocks<BlockQ3_K, SUPER_BLOCK, decodeSymmetric>(y, x, count);
}
void dequantizeQ4_K(const uint8_t* y, float* x, size_t count) {
  decodeBlocks<BlockQ4_K, SUPER_BLOCK, decodeAffine>(y, x, count);
}
void dequantizeQ5_K(const uint8_t* y, float* x, size_t count) {
  decodeBlocks<BlockQ5_K, SUPER_BLOCK, decodeAffine>(y, x, count);
}
void dequantizeQ6_K(const uint8_t* y, float* x, size_t count) {
  decodeBlocks<BlockQ6_K, SUPER_BLOCK, decodeSymmetric>(y, x, count);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
