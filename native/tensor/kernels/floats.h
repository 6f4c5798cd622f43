// Converts elements to float32 and back, a chunk at a time.
#pragma once
#include "../../quantize/common/half.h"
#include "../dtypes.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** The elements of a chunk. Their float32 values fit into the first-level cache. */
constexpr size_t CHUNK = 1024;

/** Converts `count` elements, at most CHUNK, to float32, rounded to nearest even. */
void readFloats(DType dtype, const uint8_t* source, float* x, size_t count);
/** Converts `count` values to F32, F16 or BF16, rounded to nearest even. */
void writeFloats(DType dtype, const float* x, uint8_t* target, size_t count);

/** Calls `each(start, length)` for each CHUNK of `count`, and for the rest. */
template <class Each>
inline void eachChunk(size_t count, const Each& each) {
  for (size_t start = 0; start < count; start += CHUNK) each(start, count - start < CHUNK ? count - start : CHUNK);
}

/** 4 bits of exponent, 3 of mantissa, no infinities; 0x7f and 0xff are NaN (torch's float8_e4m3fn). */
inline float fromE4M3(uint8_t code) {
  const uint32_t sign = uint32_t(code & 0x80) << 24, magnitude = code & 0x7f;
  const float subnormal = float(magnitude) * 0x1p-9f, normal = floatOf((magnitude << 20) + (120u << 23));
  const uint32_t value = magnitude < 8 ? bitsOf(subnormal) : bitsOf(normal);
  return floatOf(sign | (magnitude == 0x7f ? 0x7ff00000 : value));
}

/** The upper half of a float16: 5 bits of exponent, 2 of mantissa. */
inline float fromE5M2(uint8_t code) { return fromHalf(uint16_t(code << 8)); }

/** A power of two, 2^(code - 127); 0xff is NaN. */
inline float fromE8M0(uint8_t code) {
  const uint32_t value = code == 0 ? 0x00400000 : uint32_t(code) << 23;
  return floatOf(code == 0xff ? 0x7fc00000 : value);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
