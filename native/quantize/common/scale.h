// Scales from the largest value, for one block.
#pragma once
#include "bits.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

inline float inverse(float scale) { return scale != 0 ? 1.0f / scale : 0.0f; }

/** The largest size of COUNT values. */
template <int COUNT>
float magnitude(const float* x) {
  float largest = 0;
  for (int j = 0; j < COUNT; ++j) largest = __builtin_fabsf(x[j]) > largest ? __builtin_fabsf(x[j]) : largest;
  return largest;
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
