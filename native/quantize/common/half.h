// One float32 to float16 and back, as bits. Rounds to nearest, ties to even; too large becomes infinity, NaN the quiet
// NaN (ggml-impl.h of llama.cpp v0.5.0: ggml_compute_fp32_to_fp16, ggml_compute_fp16_to_fp32, ggml_compute_fp32_to_bf16).
#pragma once
#include "bits.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

inline uint16_t toHalf(float value) {
  const uint32_t bits = bitsOf(value);
  const uint32_t magnitude = bits & 0x7fffffff;
  // Adding a power of two that stands 13 mantissa bits above the value makes the adder do the rounding.
  // Scaling up first turns what is too large into infinity; the smallest base gives float16's subnormal spacing.
  const float scaled = (floatOf(magnitude) * 0x1p+112f) * 0x1p-110f;
  uint32_t exponent = (magnitude << 1) & 0xff000000;
  if (exponent < 0x71000000) exponent = 0x71000000;
  const uint32_t rounded = bitsOf(floatOf((exponent >> 1) + 0x07800000) + scaled);
  const uint32_t half = ((rounded >> 13) & 0x7c00) + (rounded & 0x0fff);
  return uint16_t(((bits >> 16) & 0x8000) | (magnitude > 0x7f800000 ? 0x7e00 : half));
}

inline float fromHalf(uint16_t half) {
  const uint32_t sign = uint32_t(half & 0x8000) << 16;
  const uint32_t magnitude = uint32_t(half & 0x7fff);
  const float normal = floatOf((magnitude << 13) + 0x70000000) * 0x1p-112f;
  const float subnormal = floatOf(magnitude | 0x3f000000) - 0.5f;
  return floatOf(sign | bitsOf(magnitude < 0x0400 ? subnormal : normal));
}

inline uint16_t toBfloat(float value) {
  const uint32_t bits = bitsOf(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return uint16_t((bits >> 16) | 0x40);
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
