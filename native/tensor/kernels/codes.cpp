// Codes of a few bits, as quantized checkpoints pack them.
#include "../../quantize/types.h"
#include "families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** Unpacks 8 codes at a time, which take BITS bytes. */
template <size_t BITS>
void unpackBits(const uint8_t* source, uint8_t* target, size_t count) {
  const auto some = [](const uint8_t* from, size_t bytes, uint8_t* to, size_t codes) {
    uint64_t word = 0;
    __builtin_memcpy(&word, from, bytes);
    for (size_t i = 0; i < codes; ++i) to[i] = uint8_t(word >> BITS * i & ((1 << BITS) - 1));
  };
  size_t i = 0;
  for (; i + 8 <= count; i += 8) some(source + i / 8 * BITS, BITS, target + i, 8);
  if (i < count) some(source + i / 8 * BITS, ((count - i) * BITS + 7) / 8, target + i, count - i);
}

/** The functions for each number of bits, from 1. */
constexpr void (*UNPACK[])(const uint8_t* source, uint8_t* target, size_t count) = {
    unpackBits<1>, unpackBits<2>, unpackBits<3>, unpackBits<4>,
    unpackBits<5>, unpackBits<6>, unpackBits<7>, unpackBits<8>};

/**
 * Rearranges COUNT bytes. In the source, neighbouring codes share a byte. In the target, a code of the first half is in
 * the low bits, and one of the second half in the high bits.
 */
template <int COUNT>
inline void splitHalves(const uint8_t* codes, uint8_t* qs) {
  uint8_t values[2 * COUNT];
  for (int i = 0; i < COUNT; ++i) {
    values[2 * i] = codes[i] & 15;
    values[2 * i + 1] = codes[i] >> 4;
  }
  for (int i = 0; i < COUNT; ++i) qs[i] = uint8_t(values[i] | values[i + COUNT] << 4);
}

}  // namespace

void unpack(const uint8_t* source, size_t bits, uint8_t* target, size_t count) {
  UNPACK[bits - 1](source, target, count);
}

void repackMXFP4(const uint8_t* codes, const uint8_t* scales, uint8_t* target, size_t blocks) {
  for (size_t i = 0; i < blocks; ++i, codes += sizeof(BlockMXFP4::qs)) {
    BlockMXFP4 block;
    block.e = scales[i];
    splitHalves<16>(codes, block.qs);
    __builtin_memcpy(target + i * sizeof block, &block, sizeof block);
  }
}

void repackNVFP4(const uint8_t* codes, const uint8_t* scales, uint8_t* target, size_t blocks) {
  for (size_t i = 0; i < blocks; ++i, codes += sizeof(BlockNVFP4::qs), scales += 4) {
    BlockNVFP4 block;
    for (int sub = 0; sub < 4; ++sub) {
      block.d[sub] = scales[sub] & 0x7f;  // E4M3 without its sign, as the reference's _nvfp4_pack
      splitHalves<8>(codes + 8 * sub, block.qs + 8 * sub);
    }
    __builtin_memcpy(target + i * sizeof block, &block, sizeof block);
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
