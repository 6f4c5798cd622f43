// F32, F16 and BF16, a register at a time: scalar/floats.cpp with vectors. The last few elements of a run go through a
// padded copy.
#include "floats.h"

#include "../families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

typedef uint16_t RegisterU16 __attribute__((vector_size(HF2GGUF_REGISTER_BYTES / 2)));

template <RegisterF (*WIDEN)(RegisterU)>
void widenHalf(const uint8_t* source, float* x, size_t count) {
  size_t i = 0;
  for (; i + REGISTER <= count; i += REGISTER) {
    store(x + i, WIDEN(__builtin_convertvector(load<RegisterU16>(source + 2 * i), RegisterU)));
  }
  if (i == count) return;
  RegisterU16 rest = {};
  __builtin_memcpy(&rest, source + 2 * i, 2 * (count - i));
  const RegisterF wide = WIDEN(__builtin_convertvector(rest, RegisterU));
  __builtin_memcpy(x + i, &wide, 4 * (count - i));
}

void dequantizeF32(const uint8_t* source, float* x, size_t count) { __builtin_memcpy(x, source, 4 * count); }

template <RegisterU (*NARROW)(RegisterF)>
void quantizeHalf(const float* x, uint8_t* y, size_t count) {
  size_t i = 0;
  for (; i + REGISTER <= count; i += REGISTER) {
    store(y + 2 * i, __builtin_convertvector(NARROW(load<RegisterF>(x + i)), RegisterU16));
  }
  if (i == count) return;
  RegisterF rest = {};
  __builtin_memcpy(&rest, x + i, 4 * (count - i));
  const RegisterU16 narrow = __builtin_convertvector(NARROW(rest), RegisterU16);
  __builtin_memcpy(y + 2 * i, &narrow, 2 * (count - i));
}

void quantizeF32(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  __builtin_memcpy(y, x, 4 * rows * columns);
}
void quantizeF16(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  quantizeHalf<toHalf>(x, y, rows * columns);
}
void quantizeBF16(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  quantizeHalf<toBfloat>(x, y, rows * columns);
}
void dequantizeF16(const uint8_t* y, float* x, size_t count) { widenHalf<fromHalf>(y, x, count); }
void dequantizeBF16(const uint8_t* y, float* x, size_t count) { widenHalf<fromBfloat>(y, x, count); }

bool allFinite(const float* x, size_t count) {
  RegisterI bad = {};
  size_t i = 0;
  for (; i + REGISTER <= count; i += REGISTER) bad |= (load<RegisterI>(x + i) & 0x7f800000) == 0x7f800000;
  RegisterF rest = {};
  __builtin_memcpy(&rest, x + i, 4 * (count - i));
  bad |= ((RegisterI)rest & 0x7f800000) == 0x7f800000;
  return !any(bad);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
