// F32, F16 and BF16, one element at a time.
#pragma once
#include "../common/half.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

inline void widenF32(const uint8_t* source, float* x, size_t count) { __builtin_memcpy(x, source, 4 * count); }

inline void widenF16(const uint8_t* source, float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t half;
    __builtin_memcpy(&half, source + 2 * i, 2);
    x[i] = fromHalf(half);
  }
}

inline void widenBF16(const uint8_t* source, float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t half;
    __builtin_memcpy(&half, source + 2 * i, 2);
    x[i] = floatOf(uint32_t(half) << 16);
  }
}

inline bool allFinite(const float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if ((bitsOf(x[i]) & 0x7f800000) == 0x7f800000) return false;
  }
  return true;
}

inline void quantizeF32(const float* x, uint8_t* y, size_t rows, size_t columns) {
  __builtin_memcpy(y, x, 4 * rows * columns);
}

template <uint16_t (*ROUND)(float)>
void quantizeHalf(const float* x, uint8_t* y, size_t rows, size_t columns) {
  for (size_t i = 0; i < rows * columns; ++i) {
    const uint16_t half = ROUND(x[i]);
    __builtin_memcpy(y + 2 * i, &half, 2);
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
