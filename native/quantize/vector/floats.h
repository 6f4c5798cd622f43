// common/half.h a register at a time.
#pragma once
#include "lanes.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

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

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
