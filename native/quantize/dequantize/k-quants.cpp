// Q2_K ... Q6_K to float32: scale * level - minimum, or scale * level with levels around 0.
// Reference: dequantize_row_q[2-6]_K in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/pack.h"
#include "../families.h"
#include "blocks.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

template <class Block>
void valuesAffine(const Block& block, float* x) {
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
void valuesSymmetric(const Block& block, float* x) {
  constexpr int SUBS = SHAPE<Block>.subBlocks, SIZE = SUPER_BLOCK / SUBS, ZERO = SHAPE<Block>.levels;
  float scales[SUBS];
  uint8_t levels[SUPER_BLOCK];
  decodeScales(block, scales);
  unpack(block, levels);
  for (int sub = 0; sub < SUBS; ++sub) {
    for (int j = 0; j < SIZE; ++j) x[SIZE * sub + j] = scales[sub] * float(levels[SIZE * sub + j] - ZERO);
  }
}

template <class Block, void (*VALUES)(const Block&, float*)>
constexpr auto eachBlock = decodeBlocks<Block, SUPER_BLOCK, VALUES>;

}  // namespace

void dequantizeQ2_K(const uint8_t* y, float* x, size_t count) { eachBlock<BlockQ2_K, valuesAffine>(y, x, count); }
void dequantizeQ3_K(const uint8_t* y, float* x, size_t count) { eachBlock<BlockQ3_K, valuesSymmetric>(y, x, count); }
void dequantizeQ4_K(const uint8_t* y, float* x, size_t count) { eachBlock<BlockQ4_K, valuesAffine>(y, x, count); }
void dequantizeQ5_K(const uint8_t* y, float* x, size_t count) { eachBlock<BlockQ5_K, valuesAffine>(y, x, count); }
void dequantizeQ6_K(const uint8_t* y, float* x, size_t count) { eachBlock<BlockQ6_K, valuesSymmetric>(y, x, count); }

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
