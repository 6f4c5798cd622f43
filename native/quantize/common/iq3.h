// IQ3_XXS, IQ3_S: points of 4 elements with levels 0 ... 7.
#pragma once
#include "grid-search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

struct GridTypeIQ3 {
  static constexpr int SUB = 32, POINT = 4, BITS = 3, TOP = 7;
  static constexpr float STEP = 0.2f, SPREAD = 2;

  static float plainWeight(float x, float) { return x * x; }
};

template <>
struct GridType<BlockIQ3_XXS> : GridTypeIQ3 {
  static constexpr GridName GRID = GRID_IQ3_XXS;
  static constexpr int FIRST = -15, LAST = 15;
  static constexpr float NOTHING = 1e-8f, FACTOR = 1.0125f;
  static constexpr bool PARITY = true, KEEPS_POINTS = false, FITS_FIRST = false;
  static constexpr Refined REFINED = Refined::OFF_GRID;

  static void pack(const GridFits<GridType>& fits, const uint16_t* indices, const uint8_t* levels,
                   BlockIQ3_XXS& block) {
    for (int k = 0; k < 64; ++k) block.qs[k] = uint8_t(indices[k]);
    for (int sub = 0; sub < 8; ++sub) {
      uint32_t word = uint32_t(levels[sub]) << 28;
      for (int k = 0; k < 4; ++k) word |= uint32_t(fits.signs[4 * sub + k] & 127) << 7 * k;
      __builtin_memcpy(block.qs + 64 + 4 * sub, &word, 4);
    }
  }
};

template <>
struct GridType<BlockIQ3_S> : GridTypeIQ3 {
  static constexpr GridName GRID = GRID_IQ3_S;
  static constexpr int FIRST = -9, LAST = 9;
  static constexpr float NOTHING = 0x1p-149f, FACTOR = 1.033f;
  static constexpr bool PARITY = false, KEEPS_POINTS = true, FITS_FIRST = false;
  static constexpr Refined REFINED = Refined::ALL_IF_ANY;

  static void pack(const GridFits<GridType>& fits, const uint16_t* indices, const uint8_t* levels,
                   BlockIQ3_S& block) {
    // ref-quirk: an empty sub-block takes no room among the low bits and signs, so that those after it move up.
    int at = 0;
    for (int sub = 0; sub < 8; ++sub) {
      if (!fits.found[sub]) continue;
      for (int k = 0; k < 8; ++k) {
        const int index = indices[8 * sub + k];
        block.qs[8 * at + k] = uint8_t(index);
        block.qh[sub] = uint8_t(block.qh[sub] | index >> 8 << k);
      }
      __builtin_memcpy(block.signs + 4 * at++, fits.signs + 4 * sub, 4);
    }
    for (int k = 0; k < 4; ++k) block.scales[k] = uint8_t(levels[2 * k] | levels[2 * k + 1] << 4);
  }
};

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
