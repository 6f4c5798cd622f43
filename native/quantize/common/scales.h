// How a super-block's scales become integers when there are no weights: as multiples of a part of the largest. Shared
// by the scalar and the vector kernels, which go on with what the stored scales decode to.
#pragma once
#include "pack.h"
#include "search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** `values` (not negative) as multiples of a LEVELS-th of the largest. Returns that step as float16. */
template <int COUNT, int LEVELS, int LIMIT = LEVELS>
uint16_t roundScales(const float* values, uint8_t* levels) {
  float largest = 0;
  for (int j = 0; j < COUNT; ++j) largest = values[j] > largest ? values[j] : largest;
  const float inverse = largest > 0 ? LEVELS / largest : 0.f;
  for (int j = 0; j < COUNT; ++j) {
    const uint8_t level = uint8_t(nearestInt(inverse * values[j]));
    levels[j] = level < LIMIT ? level : LIMIT;
  }
  return toHalf(largest / LEVELS);
}

/** Q2_K, Q4_K, Q5_K. */
template <class Block>
void storeScales(const float* scales, const float* mins, Block& block) {
  constexpr int COUNT = SHAPE<Block>.subBlocks, LEVELS = SHAPE<Block>.scaleLevels;
  constexpr int LIMIT = LEVELS == 63 ? 63 : 255;  // ref-quirk: Q2_K does not limit them
  uint8_t scaleLevels[COUNT], minLevels[COUNT];
  block.d = roundScales<COUNT, LEVELS, LIMIT>(scales, scaleLevels);
  block.dmin = roundScales<COUNT, LEVELS, LIMIT>(mins, minLevels);
  packScales(scaleLevels, minLevels, block);
}

/** The scale of largest magnitude, the first of equals; by bits, because branches on it would be hard to predict. */
inline float extremeScale(const float* scales) {
  constexpr uint32_t INFINITE = 0x7f800000;
  const auto magnitude = [&](int j) {
    const uint32_t bits = bitsOf(scales[j]) & 0x7fffffff;
    return bits > INFINITE ? 0 : bits;  // NaN is none
  };
  uint32_t largest = 0, extreme = 0;
  for (int j = 0; j < 16; ++j) largest = magnitude(j) > largest ? magnitude(j) : largest;
  for (int j = 15; j >= 0; --j) extreme = magnitude(j) == largest ? bitsOf(scales[j]) : extreme;
  return largest == 0 ? 0 : floatOf(extreme);
}

inline void storeScales(const float* scales, BlockQ3_K& block) {
  const float extreme = extremeScale(scales);
  uint8_t levels[16] = {};
  block.d = 0;
  if (extreme != 0) {
    const float inverse = -32.f / extreme;
    // ref-quirk: a level goes through int8 before it is limited.
    for (int j = 0; j < 16; ++j) levels[j] = uint8_t(32 + clamp(int8_t(nearestInt(inverse * scales[j])), -32, 31));
    block.d = toHalf(1 / inverse);
  }
  packScales(levels, block);
}

/** If all scales are nothing the block becomes zero, levels too. */
inline bool storeScales(const float* scales, BlockQ6_K& block) {
  const float extreme = extremeScale(scales);
  if (__builtin_fabsf(extreme) < NOTHING) {
    block = {};
    return false;
  }
  const float inverse = -128.f / extreme;
  block.d = toHalf(1 / inverse);
  for (int j = 0; j < 16; ++j) {
    const int level = nearestInt(inverse * scales[j]);
    block.scales[j] = int8_t(level < 127 ? level : 127);
  }
  return true;
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
