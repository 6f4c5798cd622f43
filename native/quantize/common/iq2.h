// IQ2_XXS, IQ2_XS, IQ2_S: points of 8 elements with levels 0 ... 2.
#pragma once
#include "grid-search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

struct GridTypeIQ2 {
  static constexpr int POINT = 8, BITS = 2, TOP = 2;
  static constexpr float STEP = 0.1f;

  static float plainWeight(float x, float spread) { return 0.25f * spread + x * x; }
};

template <>
struct GridType<BlockIQ2_XXS> : GridTypeIQ2 {
  static constexpr GridName GRID = GRID_IQ2_XXS;
  static constexpr int SUB = 32, FIRST = -6, LAST = 6;
  static constexpr float NOTHING = 1e-15f, SPREAD = 1, FACTOR = 1;
  static constexpr bool PARITY = true, KEEPS_POINTS = false, FITS_FIRST = true;
  static constexpr Refined REFINED = Refined::ALL;

  static void pack(const GridFits<GridType>& fits, const uint16_t* indices, const uint8_t* levels,
                   BlockIQ2_XXS& block) {
    for (int sub = 0; sub < 8; ++sub, indices += 4) {
      uint32_t words[2] = {0, uint32_t(levels[sub]) << 28};
      for (int k = 0; k < 4; ++k) {
        words[0] |= uint32_t(indices[k]) << 8 * k;
        words[1] |= uint32_t(fits.signs[4 * sub + k] & 127) << 7 * k;
      }
      __builtin_memcpy(block.qs + 4 * sub, words, sizeof words);
    }
  }
};

template <>
struct GridType<BlockIQ2_XS> : GridTypeIQ2 {
  static constexpr GridName GRID = GRID_IQ2_XS;
  static constexpr int SUB = 16, FIRST = -9, LAST = 9;
  static constexpr float NOTHING = 1e-15f, SPREAD = 1, FACTOR = 1;
  static constexpr bool PARITY = true, KEEPS_POINTS = false, FITS_FIRST = false;
  static constexpr Refined REFINED = Refined::OFF_GRID;

  static void pack(const GridFits<GridType>& fits, const uint16_t* indices, const uint8_t* levels,
                   BlockIQ2_XS& block) {
    for (int k = 0; k < 32; ++k) block.qs[k] = uint16_t(indices[k] | (fits.signs[k] & 127) << 9);
    for (int k = 0; k < 8; ++k) block.scales[k] = uint8_t(levels[2 * k] | levels[2 * k + 1] << 4);
  }
};

template <>
struct GridType<BlockIQ2_S> : GridTypeIQ2 {
  static constexpr GridName GRID = GRID_IQ2_S;
  static constexpr int SUB = 16, FIRST = -9, LAST = 9;
  static constexpr float NOTHING = 1e-8f, SPREAD = 2, FACTOR = 0.9875f;
  static constexpr bool PARITY = false, KEEPS_POINTS = true, FITS_FIRST = false;
  static constexpr Refined REFINED = Refined::OFF_GRID;

  static void pack(const GridFits<GridType>& fits, const uint16_t* indices, const uint8_t* levels,
                   BlockIQ2_S& block) {
    for (int k = 0; k < 32; ++k) {
      block.qs[k] = uint8_t(indices[k]);
      block.qs[32 + k] = fits.signs[k];
      block.qh[k / 4] = uint8_t(block.qh[k / 4] | indices[k] >> 8 << 2 * (k % 4));
    }
    for (int k = 0; k < 8; ++k) block.scales[k] = uint8_t(levels[2 * k] | levels[2 * k + 1] << 4);
  }
};

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
