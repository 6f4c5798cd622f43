// Codes of a few bits, as quantized checkpoints pack them.
#include "../../quantize/types.h"
#include "families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** Unpacks the 8 codes of BITS bits in the low bits of a word. */
template <size_t BITS, class To>
inline void unpackEight(uint64_t word, To* target) {
  typedef uint32_t Words __attribute__((vector_size(32)));
  typedef int32_t Codes __attribute__((vector_size(32)));
  typedef To Values __attribute__((vector_size(8 * sizeof(To))));
  constexpr Words SHIFTS = {0, BITS, 2 * BITS, 3 * BITS, 0, BITS, 2 * BITS, 3 * BITS};
  const uint32_t a = uint32_t(word), b = uint32_t(word >> 4 * BITS);
  const Words words = {a, a, a, a, b, b, b, b};
  const Values values = __builtin_convertvector(Codes(words >> SHIFTS & ((1u << BITS) - 1)), Values);
  __builtin_memcpy(target, &values, sizeof values);
}

template <size_t BITS, class To>
void unpackBits(const uint8_t* source, To* target, size_t count) {
  const size_t bytes = (count * BITS + 7) / 8;
  uint64_t word;
  size_t i = 0, at = 0;
  for (; i + 8 <= count && at + sizeof word <= bytes; i += 8, at += BITS) {
    __builtin_memcpy(&word, source + at, sizeof word);
    unpackEight<BITS>(word, target + i);
  }
  for (; i < count; i += 8, at += BITS) {
    To eight[8];
    word = 0;
    __builtin_memcpy(&word, source + at, bytes - at < BITS ? bytes - at : BITS);
    unpackEight<BITS>(word, eight);
    __builtin_memcpy(target + i, eight, (count - i < 8 ? count - i : 8) * sizeof(To));
  }
}

/** The functions for each number of bits, from 1. */
template <class To>
constexpr void (*UNPACK[])(const uint8_t* source, To* target, size_t count) = {
    unpackBits<1, To>, unpackBits<2, To>, unpackBits<3, To>, unpackBits<4, To>,
    unpackBits<5, To>, unpackBits<6, To>, unpackBits<7, To>, unpackBits<8, To>};

inline float codeAt(const uint8_t* data, size_t number, size_t bits) {
  const size_t shift = number * bits % 8;
  const uint8_t* at = data + number * bits / 8;
  const uint32_t word = shift + bits > 8 ? at[0] | uint32_t(at[1]) << 8 : at[0];
  return float(word >> shift & ((1u << bits) - 1));
}

/** The codes at the same bits of neighbouring words. */
template <class Word>
void readWords(const uint8_t* words, size_t shift, size_t bits, float* x, size_t count) {
  const uint32_t mask = (1u << bits) - 1;
  for (size_t i = 0; i < count; ++i) {
    Word word;
    __builtin_memcpy(&word, words + i * sizeof word, sizeof word);
    x[i] = float(int32_t(uint32_t(word) >> shift & mask));
  }
}

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
  UNPACK<uint8_t>[bits - 1](source, target, count);
}

void readCodes(const uint8_t* data, const CodesView& view, size_t first, size_t stride, float* x, size_t count) {
  const size_t bits = view.bits;
  if (stride == 1) {
    // Eight codes begin with a byte.
    for (; first % 8 != 0 && count > 0; ++first, ++x, --count) *x = codeAt(data, first, bits);
    return UNPACK<float>[bits - 1](data + first / 8 * bits, x, count);
  }
  const size_t word = 8 % bits == 0 && stride * bits % 8 == 0 ? stride * bits / 8 : 0;
  if (word == 1 || word == 2 || word == 4) {
    const size_t start = first * bits / 8 / word * word, shift = first * bits - start * 8;
    if (start + count * word <= view.bytes) {
      const auto read = word == 1 ? readWords<uint8_t> : word == 2 ? readWords<uint16_t> : readWords<uint32_t>;
      return read(data + start, shift, bits, x, count);
    }
  }
  for (size_t i = 0; i < count; ++i) x[i] = codeAt(data, first + i * stride, bits);
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
