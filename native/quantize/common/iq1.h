// IQ1_S and IQ1_M: what a level stands for, and how indices and scales are laid out. Shared by the scalar and the
// vector kernels. Reference: quantize_row_iq1_[sm]_impl in ggml-quants.c of llama.cpp v0.5.0.
#pragma once
#include "../grids.h"
#include "../types.h"
#include "half.h"
#include "importance.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** Levels 0, 1, 2 stand for -1, 0, 1, all shifted up or all down by this. */
constexpr float IQ1_SHIFT = 0.125f;
/** [whether down][level] */
constexpr float IQ1_VALUES[2][3] = {{-1 + IQ1_SHIFT, IQ1_SHIFT, 1 + IQ1_SHIFT},
                                    {-1 - IQ1_SHIFT, -IQ1_SHIFT, 1 - IQ1_SHIFT}};

/** Sub-blocks of smaller values are zero: the reference's GROUP_MAX_EPS_IQ1_S and _IQ1_M. */
constexpr float NOTHING_IQ1_S = 1e-12f, NOTHING_IQ1_M = 1e-7f;

/** The level of element `j` of a point. */
inline int levelIn(unsigned point, int j) { return point >> (2 * j) & 3; }

/** The point whose levels are 2 minus these. */
inline unsigned mirrored(unsigned point) { return 0xaaaa - point; }

/** What becomes of a sub-block of GROUPS times 8 elements. */
template <int GROUPS>
struct IQ1Sub {
  float scale;
  bool down[GROUPS];       // whether the values are shifted down
  uint16_t index[GROUPS];  // of the grid's points

  float value(int group, int j) const {
    return IQ1_VALUES[down[group]][levelIn(GRID_POINTS[GRID_IQ1][index[group]], j)];
  }
};

template <int GROUPS, int SUBS>
float largestScale(const IQ1Sub<GROUPS> (&subs)[SUBS]) {
  float largest = 0;
  for (const auto& sub : subs) largest = largest > sub.scale ? largest : sub.scale;
  return largest;
}

/** 0 ... 7 for a scale of 1, 3 ... 15 times 1 / inverse. */
inline int oddLevel(float inverse, float scale) { return clamp(nearestInt(0.5f * (inverse * scale - 1)), 0, 7); }

inline void pack(const IQ1Sub<4> (&subs)[8], BlockIQ1_S& block) {
  const float largest = largestScale(subs), d = largest / 15, inverse = 1 / d;
  const bool used = largest != 0;
  block.d = used ? toHalf(d * 1.125f) : 0;
  for (int i = 0; i < 8; ++i) {
    const IQ1Sub<4>& sub = subs[i];
    int high = used ? oddLevel(inverse, sub.scale) << 12 | sub.down[0] << 15 : 0;
    for (int group = 0; group < 4; ++group) {
      block.qs[4 * i + group] = uint8_t(sub.index[group]);
      high |= sub.index[group] >> 8 << (3 * group);
    }
    block.qh[i] = uint16_t(high);
  }
}

/** The float16 scale of an IQ1_M block, in the top nibbles of its `scales`. */
inline uint16_t iq1Step(const uint16_t* scales) {
  return uint16_t(scales[0] >> 12 | (scales[1] >> 8 & 0x00f0) | (scales[2] >> 4 & 0x0f00) | (scales[3] & 0xf000));
}

/** The scale is fitted again to all elements, so these and their weights are needed: 256 of each. */
inline void pack(const IQ1Sub<2> (&subs)[16], const float* x, const float* weights, BlockIQ1_M& block) {
  const float largest = largestScale(subs);
  const bool used = largest != 0;
  float d = largest / 15, sumXQ = 0, sumQ2 = 0;
  const float inverse = 1 / d;
  uint16_t scales[4] = {};
  for (int i = 0; i < 16; ++i) {
    const IQ1Sub<2>& sub = subs[i];
    block.qs[2 * i] = uint8_t(sub.index[0]);
    block.qs[2 * i + 1] = uint8_t(sub.index[1]);
    block.qh[i] = uint8_t(sub.index[0] >> 8 | sub.index[1] >> 8 << 4);
    if (!used) continue;
    block.qh[i] = uint8_t(block.qh[i] | sub.down[0] << 3 | sub.down[1] << 7);
    const int level = oddLevel(inverse, sub.scale);
    scales[i / 4] = uint16_t(scales[i / 4] | level << (3 * (i % 4)));
    for (int j = 0; j < 16; ++j, ++x, ++weights) {
      const float value = sub.value(j / 8, j % 8) * float(2 * level + 1), weighted = *weights * value;
      sumXQ += weighted * *x;
      sumQ2 += weighted * value;
    }
  }
  if (sumQ2 > 0) d = sumXQ / sumQ2;
  const uint16_t step = used ? toHalf(d * 1.1125f) : 0;
  for (int i = 0; i < 4; ++i) scales[i] = uint16_t(scales[i] | (step >> (4 * i) & 15) << 12);
  __builtin_memcpy(block.scales, scales, sizeof scales);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
