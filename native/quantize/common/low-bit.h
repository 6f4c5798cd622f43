// How levels (one byte an element) are laid out in the blocks of TQ1_0, TQ2_0 and Q2_0. Shared by the scalar and the
// vector kernels.
#pragma once
#include "../types.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/**
 * Levels m, m + WIDTH, m + 2 * WIDTH ... (COUNT of them, 0 ... 2) become the first ternary digits after the point of
 * byte m / 256, rounded up.
 */
template <int WIDTH, int COUNT>
void packDigits(const uint8_t* levels, uint8_t* bytes) {
  for (int m = 0; m < WIDTH; ++m) {
    unsigned number = 0;  // of five digits: less than 243
    for (int n = 0; n < 5; ++n) number = 3 * number + (n < COUNT ? levels[n * WIDTH + m] : 0);
    bytes[m] = uint8_t((256 * number + 242) / 243);
  }
}

inline void pack(const uint8_t* levels, BlockTQ1_0& block) {
  packDigits<32, 5>(levels, block.qs);
  packDigits<16, 5>(levels + 160, block.qs + 32);
  packDigits<4, 4>(levels + 240, block.qh);
}

inline void pack(const uint8_t* levels, BlockTQ2_0& block) {
  for (int half = 0; half < 2; ++half, levels += 128) {
    uint8_t* qs = block.qs + 32 * half;
    for (int m = 0; m < 32; ++m) {
      qs[m] = uint8_t(levels[m] | levels[m + 32] << 2 | levels[m + 64] << 4 | levels[m + 96] << 6);
    }
  }
}

inline void pack(const uint8_t* levels, BlockQ2_0& block) {
  for (int j = 0; j < 16; ++j) {
    uint32_t four;
    __builtin_memcpy(&four, levels + 4 * j, 4);
    block.qs[j] = uint8_t(four | four >> 6 | four >> 12 | four >> 18);
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
