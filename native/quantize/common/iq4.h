// IQ4_NL and IQ4_XS: the 16 values that a level stands for, and how levels and scales are laid out.
// Shared by the scalar and the vector kernels. Reference: kvalues_iq4nl in ggml-common.h of llama.cpp v0.5.0.
#pragma once
#include "importance.h"
#include "pack.h"
#include "search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

constexpr int8_t IQ4_VALUES[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

/** From here up a number is rounded to the value `level + 1`, below it to `level` or less. */
constexpr float iq4Middle(int level) { return float(IQ4_VALUES[level] + IQ4_VALUES[level + 1]) / 2; }

/** Candidate scales map the value of largest magnitude to -127 + these. */
constexpr int IQ4_FIRST = -7, IQ4_LAST = 7;

/** Twice the mean square. */
template <int COUNT>
float iq4Variance(const float* x) {
  return sumSquares<COUNT>(x) * (2.f / COUNT);
}

inline float inverseOrZero(float scale) { return scale != 0 ? 1 / scale : 0; }

/** Stores a block's scale. Leaves in `inverses` what its elements are multiplied by to be rounded. */
inline void quantizeScales(BlockIQ4_NL& block, const float* scales, float* inverses) {
  // ref-quirk: where the sums overflow, the scale is the NaN that x86 makes, which is negative.
  block.d = scales[0] == scales[0] ? toHalf(scales[0]) : 0xfe00;
  inverses[0] = inverseOrZero(scales[0]);
}

/** The same for 8 sub-blocks: their scales are multiples of a 32nd of the one of largest magnitude. */
inline void quantizeScales(BlockIQ4_XS& block, const float* scales, float* inverses) {
  float magnitude = 0, largest = 0;
  for (int sub = 0; sub < 8; ++sub) {
    const float size = __builtin_fabsf(scales[sub]);
    if (size > magnitude) magnitude = size, largest = scales[sub];
  }
  const float d = -largest / 32, inverse = inverseOrZero(d);
  block.d = toHalf(d);
  uint8_t low[8];
  block.scales_h = 0;
  for (int sub = 0; sub < 8; ++sub) {
    const int level = clamp(nearestInt(inverse * scales[sub]), -32, 31);
    inverses[sub] = inverseOrZero(d * float(level));
    low[sub] = uint8_t((level + 32) & 15);
    block.scales_h = uint16_t(block.scales_h | (level + 32) >> 4 << (2 * sub));
  }
  for (int pair = 0; pair < 4; ++pair) block.scales_l[pair] = uint8_t(low[2 * pair] | low[2 * pair + 1] << 4);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
