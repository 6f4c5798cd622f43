// Values of TQ1_0, TQ2_0, Q1_0, Q2_0: dequantize_row_* in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/half.h"
#include "../families.h"
#include "blocks.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/**
 * Elements m, m + WIDTH, m + 2 * WIDTH ... are the first COUNT ternary digits after the point of byte m / 256: times a
 * power of 3, without its integer part, it has the next digit first.
 */
template <int WIDTH, int COUNT>
void decodeDigits(const uint8_t* bytes, float d, float* x) {
  uint8_t rest[WIDTH];
  for (int m = 0; m < WIDTH; ++m) rest[m] = bytes[m];
  for (int n = 0; n < COUNT; ++n) {
    for (int m = 0; m < WIDTH; ++m) {
      const int next = 3 * rest[m];
      x[n * WIDTH + m] = float((next >> 8) - 1) * d;
      rest[m] = uint8_t(next);
    }
  }
}

void decode(const BlockTQ1_0& block, float* x) {
  const float d = fromHalf(block.d);
  decodeDigits<32, 5>(block.qs, d, x);
  decodeDigits<16, 5>(block.qs + 32, d, x + 160);
  decodeDigits<4, 4>(block.qh, d, x + 240);
}

void decode(const BlockTQ2_0& block, float* x) {
  const float d = fromHalf(block.d);
  for (int i = 0; i < 256; i += 32) {
    const uint8_t* qs = block.qs + i / 128 * 32;
    for (int m = 0; m < 32; ++m) x[i + m] = float((qs[m] >> i % 128 / 16 & 3) - 1) * d;
  }
}

void decode(const BlockQ1_0& block, float* x) {
  const float d = fromHalf(block.d);
  for (int i = 0; i < 128; i += 8) {
    for (int bit = 0; bit < 8; ++bit) x[i + bit] = (block.qs[i / 8] >> bit & 1) != 0 ? d : -d;
  }
}

void decode(const BlockQ2_0& block, float* x) {
  const float d = fromHalf(block.d);
  for (int i = 0; i < 64; i += 4) {
    for (int j = 0; j < 4; ++j) x[i + j] = float((block.qs[i / 4] >> 2 * j & 3) - 1) * d;
  }
}

}  // namespace

void dequantizeTQ1_0(const uint8_t* y, float* x, size_t count) { decodeBlocks<BlockTQ1_0, 256, decode>(y, x, count); }
void dequantizeTQ2_0(const uint8_t* y, float* x, size_t count) { decodeBlocks<BlockTQ2_0, 256, decode>(y, x, count); }
void dequantizeQ1_0(const uint8_t* y, float* x, size_t count) { decodeBlocks<BlockQ1_0, 128, decode>(y, x, count); }
void dequantizeQ2_0(const uint8_t* y, float* x, size_t count) { decodeBlocks<BlockQ2_0, 64, decode>(y, x, count); }

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
