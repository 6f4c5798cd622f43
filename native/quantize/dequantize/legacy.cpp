// Values of Q4_0, Q4_1, Q5_0, Q5_1, Q8_0: dequantize_row_* in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/half.h"
#include "../families.h"
#include "blocks.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** Levels of 4 or 5 bits, times the scale: from `-levels / 2` on without a minimum. */
template <class Block>
void decode(const Block& block, float* x) {
  int levels[32];
  for (int j = 0; j < 16; ++j) {
    levels[j] = block.qs[j] & 15;
    levels[j + 16] = block.qs[j] >> 4;
  }
  int middle = 8;
  if constexpr (requires { block.qh; }) {
    uint32_t high;
    __builtin_memcpy(&high, block.qh, 4);
    for (int j = 0; j < 32; ++j) levels[j] |= int(high >> j & 1) << 4;
    middle = 16;
  }
  const float d = fromHalf(block.d);
  if constexpr (requires { block.m; }) {
    const float m = fromHalf(block.m);
    for (int j = 0; j < 32; ++j) x[j] = float(levels[j]) * d + m;
  } else {
    for (int j = 0; j < 32; ++j) x[j] = float(levels[j] - middle) * d;
  }
}

void decode(const BlockQ8_0& block, float* x) {
  const float d = fromHalf(block.d);
  for (int j = 0; j < 32; ++j) x[j] = float(block.qs[j]) * d;
}

}  // namespace

void dequantizeQ4_0(const uint8_t* y, float* x, size_t count) { decodeBlocks<BlockQ4_0, 32, decode>(y, x, count); }
void dequantizeQ4_1(const uint8_t* y, float* x, size_t count) { decodeBlocks<BlockQ4_1, 32, decode>(y, x, count); }
void dequantizeQ5_0(const uint8_t* y, float* x, size_t count) { decodeBlocks<BlockQ5_0, 32, decode>(y, x, count); }
void dequantizeQ5_1(const uint8_t* y, float* x, size_t count) { decodeBlocks<BlockQ5_1, 32, decode>(y, x, count); }
void dequantizeQ8_0(const uint8_t* y, float* x, size_t count) { decodeBlocks<BlockQ8_0, 32, decode>(y, x, count); }

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
