// What the files of a target define between them: quantizers in scalar/ or vector/, one file a family of types, and
// dequantizers in dequantize/, written once and compiled for each target.
#pragma once
#include "kernels.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

bool allFinite(const float* x, size_t count);

#define X(name, number, elements)                                                                          \
  void quantize##name(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns); \
  void dequantize##name(const uint8_t* y, float* x, size_t count);
HF2GGUF_FLOAT_TYPES(X)
HF2GGUF_BLOCK_TYPES(X)
#undef X

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
