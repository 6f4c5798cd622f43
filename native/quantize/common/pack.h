// How levels (one byte an element, in the order of the elements) and scales are laid out in the blocks of the K types,
// and how a super-block's scales become integers. Shared by the scalar and the vector kernels.
#pragma once
#include "../types.h"
#include "half.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

constexpr int SUPER_BLOCK = 256;

/** 32 bytes hold 64 levels of 4 bits: of two neighbouring sub-blocks of 32. */
inline void packNibbles(const uint8_t* levels, uint8_t* qs) {
  for (int pair = 0; pair < SUPER_BLOCK / 64; ++pair, levels += 64, qs += 32) {
    for (int j = 0; j < 32; ++j) qs[j] = uint8_t((levels[j] & 15) | (levels[j + 32] << 4));
  }
}

inline void pack(const uint8_t* levels, BlockQ4_K& block) { packNibbles(levels, block.qs); }

inline void pack(const uint8_t* levels, BlockQ5_K& block) {
  packNibbles(levels, block.qs);
  for (int j = 0; j < 32; ++j) {
    unsigned high = 0;
    for (int sub = 0; sub < 8; ++sub) high |= unsigned(levels[32 * sub + j] >> 4) << sub;
    block.qh[j] = uint8_t(high);
  }
}

inline void pack(const uint8_t* levels, BlockQ6_K& block) {
  for (int half = 0; half < 2; ++half, levels += 128) {
    uint8_t* low = block.ql + 64 * half;
    uint8_t* high = block.qh + 32 * half;
    for (int j = 0; j < 64; ++j) low[j] = uint8_t((levels[j] & 15) | (levels[j + 64] << 4));
    for (int j = 0; j < 32; ++j) {
      high[j] = uint8_t(levels[j] >> 4 | (levels[j + 32] >> 4) << 2 | (levels[j + 64] >> 4) << 4 |
                        (levels[j + 96] >> 4) << 6);
    }
  }
}

/** 8 scales and 8 minimums of 6 bits in 12 bytes: the first four of each whole, the others' top bits above those. */
inline void packSixBits(const int* scales, const int* mins, uint8_t* packed) {
  for (int j = 0; j < 4; ++j) {
    packed[j] = uint8_t(scales[j] | (scales[j + 4] >> 4) << 6);
    packed[j + 4] = uint8_t(mins[j] | (mins[j + 4] >> 4) << 6);
    packed[j + 8] = uint8_t((scales[j + 4] & 15) | (mins[j + 4] & 15) << 4);
  }
}

/** `values` (not negative) as multiples of a 63rd of the largest. Returns that step rounded to float16, as bits. */
inline uint16_t quantizeSixBits(const float* values, int* levels) {
  float largest = 0;
  for (int j = 0; j < 8; ++j) largest = values[j] > largest ? values[j] : largest;
  const float inverse = largest > 0 ? 63.f / largest : 0.f;
  for (int j = 0; j < 8; ++j) {
    const uint8_t level = uint8_t(nearestInt(inverse * values[j]));
    levels[j] = level < 63 ? level : 63;
  }
  return toHalf(largest / 63.f);
}

/** Q4_K, Q5_K: stores the scales of 8 sub-blocks and leaves in `scales` and `mins` what they decode to. */
template <class Block>
void storeScales(Block& block, float* scales, float* mins) {
  int scaleLevels[8], minLevels[8];
  block.d = quantizeSixBits(scales, scaleLevels);
  block.dmin = quantizeSixBits(mins, minLevels);
  packSixBits(scaleLevels, minLevels, block.scales);
  const float d = fromHalf(block.d), dmin = fromHalf(block.dmin);
  for (int j = 0; j < 8; ++j) {
    scales[j] = d * float(scaleLevels[j]);
    mins[j] = dmin * float(minLevels[j]);
  }
}

/** Scales below this count as zero: the reference's GROUP_MAX_EPS. */
constexpr float NOTHING = 1e-15f;

/**
 * Q6_K: stores the scales of 16 sub-blocks and leaves in `scales` what they decode to.
 * False if they are all nothing; the block is zero then.
 */
inline bool storeScales(BlockQ6_K& block, float* scales) {
  float largest = 0, magnitude = 0;
  for (int j = 0; j < 16; ++j) {
    const float size = __builtin_fabsf(scales[j]);
    if (size > magnitude) magnitude = size, largest = scales[j];
  }
  if (magnitude < NOTHING) {
    block = {};
    return false;
  }
  const float inverse = -128.f / largest;
  block.d = toHalf(1 / inverse);
  const float d = fromHalf(block.d);
  for (int j = 0; j < 16; ++j) {
    const int level = nearestInt(inverse * scales[j]);
    block.scales[j] = int8_t(level < 127 ? level : 127);
    scales[j] = d * float(block.scales[j]);
  }
  return true;
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
