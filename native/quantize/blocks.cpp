#include "blocks.h"

#include <algorithm>
#include <cstring>

namespace hf2gguf {
namespace {

struct ValueF32 {
  uint32_t bits;
};
struct ValueF16 {
  uint16_t d;
};
struct ValueBF16 {
  uint16_t bits;
};

bool isFinite(uint16_t half) { return (half & 0x7c00) != 0x7c00; }

template <class Block>
bool isValid(const Block& block) {
  if constexpr (requires { block.dmin; }) return isFinite(block.d) && isFinite(block.dmin);
  if constexpr (requires { block.m; }) return isFinite(block.d) && isFinite(block.m);
  return isFinite(block.d);
}
bool isValid(const ValueF32& value) { return (value.bits & 0x7f800000) != 0x7f800000; }
bool isValid(const ValueBF16& value) { return (value.bits & 0x7f80) != 0x7f80; }
bool isValid(const BlockIQ1_M& block) {
  return isFinite(uint16_t(block.scales[1] >> 4 | (block.scales[3] & 0xf0) | (block.scales[5] & 0xf0) << 4 |
                           (block.scales[7] & 0xf0) << 8));
}
bool isValid(const BlockMXFP4& block) { return block.e != 0xff; }
bool isValid(const BlockNVFP4&) { return true; }

template <class Block>
size_t firstInvalid(const uint8_t* blocks, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    Block block;
    std::memcpy(&block, blocks + i * sizeof block, sizeof block);
    if (!isValid(block)) return i;
  }
  return count;
}

/**
 * The same for values without a scale, nearly as fast as they can be read: the largest exponent of a stretch says
 * whether it is worth a second look, and finding that takes no branch.
 */
template <class Value, class Bits, Bits EXPONENT>
size_t firstInvalidValue(const uint8_t* values, size_t count) {
  constexpr size_t STRETCH = 1024;
  for (size_t start = 0; start < count; start += STRETCH) {
    const size_t length = std::min(STRETCH, count - start);
    Bits most = 0;
    for (size_t i = 0; i < length; ++i) {
      Bits bits;
      std::memcpy(&bits, values + (start + i) * sizeof bits, sizeof bits);
      most = std::max<Bits>(most, bits & EXPONENT);
    }
    if (most == EXPONENT) return start + firstInvalid<Value>(values + start * sizeof(Bits), length);
  }
  return count;
}

size_t firstInvalidF32(const uint8_t* values, size_t count) {
  return firstInvalidValue<ValueF32, int32_t, 0x7f800000>(values, count);
}
size_t firstInvalidF16(const uint8_t* values, size_t count) {
  return firstInvalidValue<ValueF16, int16_t, 0x7c00>(values, count);
}
size_t firstInvalidBF16(const uint8_t* values, size_t count) {
  return firstInvalidValue<ValueBF16, int16_t, 0x7f80>(values, count);
}

constexpr size_t (*FIRST_INVALID[TYPE_COUNT])(const uint8_t*, size_t) = {
#define X(name, number, elements) firstInvalid##name,
    HF2GGUF_FLOAT_TYPES(X)
#undef X
#define X(name, number, elements) firstInvalid<Block##name>,
        HF2GGUF_BLOCK_TYPES(X)
#undef X
};

}  // namespace

size_t firstInvalidBlock(Type type, const uint8_t* blocks, size_t count) { return FIRST_INVALID[type](blocks, count); }

}  // namespace hf2gguf
