// F32, F16 and BF16, LANES elements at a time: scalar/floats.h and common/half.h with vectors. The last few elements of
// a run go through a padded copy.
#pragma once
#include "lanes.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

inline U toHalf(F value) {
  const U bits = (U)value, magnitude = bits & 0x7fffffff;
  const F scaled = ((F)magnitude * 0x1p+112f) * 0x1p-110f;
  U exponent = (magnitude << 1) & 0xff000000;
  exponent = exponent < 0x71000000 ? U{} + 0x71000000 : exponent;
  const U rounded = (U)((F)((exponent >> 1) + 0x07800000) + scaled);
  const U half = ((rounded >> 13) & 0x7c00) + (rounded & 0x0fff);
  return ((bits >> 16) & 0x8000) | (magnitude > 0x7f800000 ? U{} + 0x7e00 : half);
}

inline F fromHalf(U half) {
  const U sign = (half & 0x8000) << 16, magnitude = half & 0x7fff;
  const F normal = (F)((magnitude << 13) + 0x70000000) * 0x1p-112f;
  const F subnormal = (F)(magnitude | 0x3f000000) - 0.5f;
  return (F)(sign | (magnitude < 0x0400 ? (U)subnormal : (U)normal));
}

inline U toBfloat(F value) {
  const U bits = (U)value;
  const U rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return (bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 0x40 : rounded;
}
inline F fromBfloat(U half) { return (F)(half << 16); }

template <F (*WIDEN)(U)>
void widenHalf(const uint8_t* source, float* x, size_t count) {
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    store(x + i, WIDEN(__builtin_convertvector(load<U16>(source + 2 * i), U)));
  }
  if (i == count) return;
  U16 rest = {};
  __builtin_memcpy(&rest, source + 2 * i, 2 * (count - i));
  const F wide = WIDEN(__builtin_convertvector(rest, U));
  __builtin_memcpy(x + i, &wide, 4 * (count - i));
}

inline void widenF32(const uint8_t* source, float* x, size_t count) { __builtin_memcpy(x, source, 4 * count); }

template <U (*NARROW)(F)>
void quantizeHalf(const float* x, uint8_t* y, size_t rows, size_t columns) {
  const size_t count = rows * columns;
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) store(y + 2 * i, __builtin_convertvector(NARROW(load<F>(x + i)), U16));
  if (i == count) return;
  F rest = {};
  __builtin_memcpy(&rest, x + i, 4 * (count - i));
  const U16 narrow = __builtin_convertvector(NARROW(rest), U16);
  __builtin_memcpy(y + 2 * i, &narrow, 2 * (count - i));
}

inline void quantizeF32(const float* x, uint8_t* y, size_t rows, size_t columns) {
  __builtin_memcpy(y, x, 4 * rows * columns);
}

inline bool allFinite(const float* x, size_t count) {
  I bad = {};
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) bad |= (load<I>(x + i) & 0x7f800000) == 0x7f800000;
  F rest = {};
  __builtin_memcpy(&rest, x + i, 4 * (count - i));
  bad |= ((I)rest & 0x7f800000) == 0x7f800000;
  return !any(bad);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
