// Floats as bits, and the float-to-integer conversions of the reference, one value at a time.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace hf2gguf::HF2GGUF_NAMESPACE {

inline uint32_t bitsOf(float value) { return __builtin_bit_cast(uint32_t, value); }
inline float floatOf(uint32_t bits) { return __builtin_bit_cast(float, bits); }

/** 1.5 * 2^23: floats of this size are 1 apart, so adding it rounds to an integer, ties to even. */
constexpr float ROUNDER = 12582912.f;

/** The reference's nearest_int: reads the integer from the mantissa, even where that is none (NaN, beyond 2^22). */
inline int nearestInt(float value) { return int(bitsOf(value + ROUNDER) & 0x007fffff) - 0x00400000; }

/** A cast to int as x86's cvttss2si does it, which C leaves undefined for NaN and beyond int: those give INT_MIN. */
inline int truncated(float value) {
  return __builtin_fabsf(value) < 0x1p31f ? int(value) : INT32_MIN;
}

/**
 * roundf: ties away from zero. Adds the largest float below a half: added to a half it makes a tie that goes up to 1,
 * and nothing less than a half gets there.
 */
inline int roundedAway(float value) { return truncated(value + __builtin_copysignf(0x1.fffffep-2f, value)); }

/** A NaN that arithmetic made (0 * infinity) has its sign set on x86, and on other machines not. */
inline float withSignOfNan(float value) { return value == value ? value : floatOf(0xffc00000); }

inline int clamp(int value, int low, int high) { return value < low ? low : value > high ? high : value; }

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
