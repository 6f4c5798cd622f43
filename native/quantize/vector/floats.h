// F32, F16 and BF16, a register at a time: scalar/floats.h and common/half.h with vectors. The last few elements of
// a run go through a padded copy.
#pragma once
#include "lanes.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

typedef uint16_t RegisterU16 __attribute__((vector_size(HF2GGUF_REGISTER_BYTES / 2)));

inline RegisterU toHalf(RegisterF value) {
  const RegisterU bits = (RegisterU)value, magnitude = bits & 0x7fffffff;
  const RegisterF scaled = ((RegisterF)magnitude * 0x1p+112f) * 0x1p-110f;
  RegisterU exponent = (magnitude << 1) & 0xff000000;
  exponent = exponent < 0x71000000 ? RegisterU{} + 0x71000000 : exponent;
  const RegisterU rounded = (RegisterU)((RegisterF)((exponent >> 1) + 0x07800000) + scaled);
  const RegisterU half = ((rounded >> 13) & 0x7c00) + (rounded & 0x0fff);
  return ((bits >> 16) & 0x8000) | (magnitude > 0x7f800000 ? RegisterU{} + 0x7e00 : half);
}

template <class V>
inline auto toHalf(const Pair<V>& values) {
  return Pair{toHalf(values.a), toHalf(values.b)};
}

inline RegisterF fromHalf(RegisterU half) {
  const RegisterU sign = (half & 0x8000) << 16, magnitude = half & 0x7fff;
  const RegisterF normal = (RegisterF)((magnitude << 13) + 0x70000000) * 0x1p-112f;
  const RegisterF subnormal = (RegisterF)(magnitude | 0x3f000000) - 0.5f;
  return (RegisterF)(sign | (magnitude < 0x0400 ? (RegisterU)subnormal : (RegisterU)normal));
}

inline RegisterU toBfloat(RegisterF value) {
  const RegisterU bits = (RegisterU)value;
  const RegisterU rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return (bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 0x40 : rounded;
}
inline RegisterF fromBfloat(RegisterU half) { return (RegisterF)(half << 16); }

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

inline void widenF32(const uint8_t* source, float* x, size_t count) { __builtin_memcpy(x, source, 4 * count); }

template <RegisterU (*NARROW)(RegisterF)>
void quantizeHalf(const float* x, uint8_t* y, size_t rows, size_t columns) {
  const size_t count = rows * columns;
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

inline void quantizeF32(const float* x, uint8_t* y, size_t rows, size_t columns) {
  __builtin_memcpy(y, x, 4 * rows * columns);
}

inline bool allFinite(const float* x, size_t count) {
  RegisterI bad = {};
  size_t i = 0;
  for (; i + REGISTER <= count; i += REGISTER) bad |= (load<RegisterI>(x + i) & 0x7f800000) == 0x7f800000;
  RegisterF rest = {};
  __builtin_memcpy(&rest, x + i, 4 * (count - i));
  bad |= ((RegisterI)rest & 0x7f800000) == 0x7f800000;
  return !any(bad);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
