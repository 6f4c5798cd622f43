// How much the errors of a block's elements count in the K, IQ1 and IQ4 types. Shared by the scalar and the vector
// kernels.
#pragma once
#include "bits.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

template <int COUNT>
float sumSquares(const float* x) {
  float sum = 0;
  for (int i = 0; i < COUNT; ++i) sum += x[i] * x[i];
  return sum;
}

/** With importance the block's `variance` counts too, without (null) only the element's square. */
template <int COUNT>
void weigh(const float* x, const float* importance, float variance, float* weights) {
  if (importance) {
    for (int i = 0; i < COUNT; ++i) weights[i] = importance[i] * __builtin_sqrtf(variance + x[i] * x[i]);
  } else {
    for (int i = 0; i < COUNT; ++i) weights[i] = x[i] * x[i];
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
