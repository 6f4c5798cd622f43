// The 4-bit float E2M1 and the scales of its blocks. Scales are halved, because the values are kept doubled
// (ggml-common.h, ggml-impl.h of llama.cpp v0.5.0: kvalues_mxfp4, ggml_e8m0_to_fp32_half, ggml_*_ue4m3).
#pragma once
#include "bits.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** Doubled values of E2M1: sign, 2 bits of exponent, 1 of mantissa. There is no -0. */
constexpr float FP4_VALUES[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/**
 * floorf(log2f(value)) of a positive value. ref-quirk: a value just below a power of two has that one's exponent,
 * because its logarithm rounds up. That is computed from the distance to the power by the logarithm's slope there,
 * which agrees with glibc's log2f, with and without FMA, for every float.
 */
inline int roundedLog2(float value) {
  int bits = int(bitsOf(value));
  if (bits < 0x00800000) bits = int(bitsOf(float(bits))) - (149 << 23);  // subnormal: the bits times 2^-149
  const int above = (bits >> 23) - 126;  // of the next power of two
  const float distance = float(0x00800000 - (bits & 0x007fffff)) * 0x1.715476p-24f;
  return float(above) - distance == float(above) ? above : above - 1;
}

/** Half of a scale in E8M0: 2^(e - 128). */
inline float halfFromE8M0(int e) { return floatOf(e < 2 ? 0x00200000u << e : uint32_t(e - 1) << 23); }

/** Half of a scale in UE4M3: 4 bits of exponent, 3 of mantissa; the sign is not read, and 0x7f is 0. */
inline float halfFromUE4M3(int scale) {
  if (scale == 0x7f) return 0;
  const uint32_t magnitude = scale & 0x7f;
  return magnitude < 8 ? float(magnitude) * 0x1p-10f : floatOf((magnitude << 20) + (119u << 23));
}

/** A scale, not negative, to UE4M3: ties go up, and from 248 on it is 448, the largest. */
inline int toUE4M3(float scale) {
  if (scale < 0x1p-6f) {
    const int subnormal = int(scale * 512 + 0.5f);
    return subnormal < 7 ? subnormal : 7;
  }
  const int rounded = int((bitsOf(scale) + 0x80000) >> 20) - (120 << 3);
  return rounded < 0x78 ? rounded : 0x7e;
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
