// Q4_0, Q5_0, Q5_1, Q8_0, one block of 32 at a time: a scale from the largest value, then rounding.
// Reference: quantize_row_*_ref in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/half.h"
#include "../families.h"
#include "blocks.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

float inverse(float scale) { return scale != 0 ? 1.0f / scale : 0.0f; }

/** The value of largest magnitude, the first of equals. */
float extreme(const float* x, int count) {
  float magnitude = 0, value = 0;
  for (int j = 0; j < count; ++j) {
    if (magnitude < __builtin_fabsf(x[j])) magnitude = __builtin_fabsf(x[j]), value = x[j];
  }
  return value;
}

/** Low nibbles of 32 levels to `qs`, their fifth bits to `qh` if there is one. */
void packBlock(const uint8_t* levels, uint8_t* qs, uint8_t* qh) {
  for (int j = 0; j < 16; ++j) qs[j] = uint8_t((levels[j] & 15) | levels[j + 16] << 4);
  if (qh == nullptr) return;
  uint32_t high = 0;
  for (int j = 0; j < 32; ++j) high |= uint32_t(levels[j] >> 4 & 1) << j;
  __builtin_memcpy(qh, &high, 4);
}

/** ref-quirk: the level goes through int8 before it is limited, so what is out of range wraps. */
uint8_t symmetricLevel(float level, int largest) {
  const int wrapped = int8_t(truncated(level));
  return uint8_t(wrapped < largest ? wrapped : largest);
}

void quantizeBlock(const float* x, BlockQ4_0& block) {
  const float d = extreme(x, 32) / -8, id = inverse(d);
  uint8_t levels[32];
  for (int j = 0; j < 32; ++j) levels[j] = symmetricLevel(x[j] * id + 8.5f, 15);
  block.d = toHalf(d);
  // ref-quirk: a wrapped level keeps its high bits in the low nibble's byte.
  for (int j = 0; j < 16; ++j) block.qs[j] = uint8_t(levels[j] | levels[j + 16] << 4);
}

void quantizeBlock(const float* x, BlockQ5_0& block) {
  const float d = extreme(x, 32) / -16, id = inverse(d);
  uint8_t levels[32];
  for (int j = 0; j < 32; ++j) levels[j] = symmetricLevel(x[j] * id + 16.5f, 31);
  block.d = toHalf(d);
  packBlock(levels, block.qs, block.qh);
}

void quantizeBlock(const float* x, BlockQ5_1& block) {
  float min = 0x1.fffffep127f, max = -0x1.fffffep127f;
  for (int j = 0; j < 32; ++j) {
    if (x[j] < min) min = x[j];
    if (x[j] > max) max = x[j];
  }
  const float d = (max - min) / 31, id = inverse(d);
  uint8_t levels[32];
  for (int j = 0; j < 32; ++j) levels[j] = uint8_t(truncated((x[j] - min) * id + 0.5f));
  block.d = toHalf(d);
  block.m = toHalf(min);
  packBlock(levels, block.qs, block.qh);
}

/**
 * roundf: ties away from zero. Adds the largest float below a half: added to a half it makes a tie that goes up to 1,
 * and nothing less than a half gets there.
 */
int roundedAway(float value) { return truncated(value + __builtin_copysignf(0x1.fffffep-2f, value)); }

void quantizeBlock(const float* x, BlockQ8_0& block) {
  float magnitude = 0;
  for (int j = 0; j < 32; ++j) magnitude = __builtin_fabsf(x[j]) > magnitude ? __builtin_fabsf(x[j]) : magnitude;
  const float d = magnitude / 127, id = inverse(d);
  block.d = toHalf(d);
  for (int j = 0; j < 32; ++j) block.qs[j] = int8_t(roundedAway(x[j] * id));
}

}  // namespace

void quantizeQ4_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ4_0, 32>(x, y, rows * columns, quantizeBlock);
}
void quantizeQ5_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ5_0, 32>(x, y, rows * columns, quantizeBlock);
}
void quantizeQ5_1(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ5_1, 32>(x, y, rows * columns, quantizeBlock);
}
void quantizeQ8_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockQ8_0, 32>(x, y, rows * columns, quantizeBlock);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
