// Signs of 8 elements of which 7 are stored (IQ2_XXS, IQ2_XS, IQ3_XXS): the number of minus signs is even.
#pragma once
#include <stdint.h>

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** All 8, from 7 in the low bits. */
inline unsigned evenSigns(unsigned stored) {
  stored &= 127;
  return stored | unsigned(__builtin_popcount(stored) & 1) << 7;
}

/** If the number is odd, changes the sign whose change costs least. */
inline void makeEven(float* values, const float* weights, uint8_t& signs) {
  if (__builtin_popcount(signs) % 2 == 0) return;
  int least = 0;
  float lowest = 0;
  for (int i = 0; i < 8; ++i) {
    const float cost = weights[i] * values[i] * values[i];
    if (i == 0 || cost < lowest) least = i, lowest = cost;
  }
  values[least] = -values[least];
  signs = uint8_t(signs ^ 1 << least);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
