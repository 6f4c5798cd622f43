// F32, F16 and BF16, one element at a time.
#include "../common/half.h"
#include "../families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

void dequantizeF32(const uint8_t* source, float* x, size_t count) { __builtin_memcpy(x, source, 4 * count); }

void dequantizeF16(const uint8_t* source, float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t half;
    __builtin_memcpy(&half, source + 2 * i, 2);
    x[i] = fromHalf(half);
  }
}

void dequantizeBF16(const uint8_t* source, float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t half;
    __builtin_memcpy(&half, source + 2 * i, 2);
    x[i] = floatOf(uint32_t(half) << 16);
  }
}

bool allFinite(const float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if ((bitsOf(x[i]) & 0x7f800000) == 0x7f800000) return false;
  }
  return true;
}

void quantizeF32(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  __builtin_memcpy(y, x, 4 * rows * columns);
}

template <uint16_t (*ROUND)(float)>
void quantizeHalf(const float* x, uint8_t* y, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const uint16_t half = ROUND(x[i]);
    __builtin_memcpy(y + 2 * i, &half, 2);
  }
}

void quantizeF16(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  quantizeHalf<toHalf>(x, y, rows * columns);
}
void quantizeBF16(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  quantizeHalf<toBfloat>(x, y, rows * columns);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
