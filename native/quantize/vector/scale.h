// common/scale.h with a block a lane.
#pragma once
#include "lanes.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

inline F inverse(const F& scale) { return select(scale != 0.f, 1.0f / scale, F{}); }

template <int COUNT>
F magnitude(const F* x) {
  F largest = {};
  for (int j = 0; j < COUNT; ++j) largest = larger(abs(x[j]), largest);
  return largest;
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
