// How levels (one byte an element, in the order of the elements) and scales are laid out in the blocks of the K types.
// Shared by the quantizers, scalar and vector, and the dequantizers.
#pragma once
#include "../types.h"
#include "half.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

constexpr int SUPER_BLOCK = 256;

struct Shape {
  bool hasMinimum;
  int subBlocks;    // of a super-block, each with a scale of its own
  int levels;       // with a minimum 0 ... levels, else -levels ... levels - 1 (stored with `levels` added)
  int scaleLevels;  // what the scales, and the minimums, are multiples of a part of the largest
  float variance;   // how many times the mean square counts beside importance
};
template <class Block>
constexpr Shape SHAPE = {};
template <>
constexpr Shape SHAPE<BlockQ2_K> = {true, 16, 3, 15, 1};
template <>
constexpr Shape SHAPE<BlockQ3_K> = {false, 16, 4, 32, 2};
template <>
constexpr Shape SHAPE<BlockQ4_K> = {true, 8, 15, 63, 2};
template <>
constexpr Shape SHAPE<BlockQ5_K> = {true, 8, 31, 63, 2};
template <>
constexpr Shape SHAPE<BlockQ6_K> = {false, 16, 32, 128, 0};

// Levels.

/** 32 bytes hold 128 levels of 2 bits. */
inline void packTwoBits(const uint8_t* levels, uint8_t* qs) {
  for (int half = 0; half < 2; ++half, levels += 128, qs += 32) {
    for (int j = 0; j < 32; ++j) {
      qs[j] = uint8_t((levels[j] & 3) | (levels[j + 32] & 3) << 2 | (levels[j + 64] & 3) << 4 | levels[j + 96] << 6);
    }
  }
}
inline void unpackTwoBits(const uint8_t* qs, uint8_t* levels) {
  for (int half = 0; half < 2; ++half, qs += 32) {
    for (int shift = 0; shift < 8; shift += 2, levels += 32) {
      for (int j = 0; j < 32; ++j) levels[j] = qs[j] >> shift & 3;
    }
  }
}

/** 32 bytes hold 64 levels of 4 bits: of two neighbouring runs of 32. */
inline void packNibbles(const uint8_t* levels, uint8_t* qs) {
  for (int pair = 0; pair < SUPER_BLOCK / 64; ++pair, levels += 64, qs += 32) {
    for (int j = 0; j < 32; ++j) qs[j] = uint8_t((levels[j] & 15) | (levels[j + 32] << 4));
  }
}
inline void unpackNibbles(const uint8_t* qs, uint8_t* levels) {
  for (int pair = 0; pair < SUPER_BLOCK / 64; ++pair, levels += 64, qs += 32) {
    for (int j = 0; j < 32; ++j) {
      levels[j] = qs[j] & 15;
      levels[j + 32] = qs[j] >> 4;
    }
  }
}

/** 32 bytes hold bit BIT of 256 levels: bit k of byte j is of element 32 * k + j. */
template <int BIT>
void packTopBit(const uint8_t* levels, uint8_t* high) {
  for (int j = 0; j < 32; ++j) {
    unsigned bits = 0;
    for (int k = 0; k < 8; ++k) bits |= unsigned(levels[32 * k + j] >> BIT) << k;
    high[j] = uint8_t(bits);
  }
}
template <int BIT>
void addTopBit(const uint8_t* high, uint8_t* levels) {
  for (int k = 0; k < 8; ++k, levels += 32) {
    for (int j = 0; j < 32; ++j) levels[j] = uint8_t(levels[j] | (high[j] >> k & 1) << BIT);
  }
}

inline void pack(const uint8_t* levels, BlockQ2_K& block) { packTwoBits(levels, block.qs); }
inline void unpack(const BlockQ2_K& block, uint8_t* levels) { unpackTwoBits(block.qs, levels); }

inline void pack(const uint8_t* levels, BlockQ3_K& block) {
  packTwoBits(levels, block.qs);
  packTopBit<2>(levels, block.hmask);
}
inline void unpack(const BlockQ3_K& block, uint8_t* levels) {
  unpackTwoBits(block.qs, levels);
  addTopBit<2>(block.hmask, levels);
}

inline void pack(const uint8_t* levels, BlockQ4_K& block) { packNibbles(levels, block.qs); }
inline void unpack(const BlockQ4_K& block, uint8_t* levels) { unpackNibbles(block.qs, levels); }

inline void pack(const uint8_t* levels, BlockQ5_K& block) {
  packNibbles(levels, block.qs);
  packTopBit<4>(levels, block.qh);
}
inline void unpack(const BlockQ5_K& block, uint8_t* levels) {
  unpackNibbles(block.qs, levels);
  addTopBit<4>(block.qh, levels);
}

inline void pack(const uint8_t* levels, BlockQ6_K& block) {
  for (int half = 0; half < 2; ++half, levels += 128) {
    uint8_t* low = block.ql + 64 * half;
    uint8_t* high = block.qh + 32 * half;
    for (int j = 0; j < 64; ++j) low[j] = uint8_t((levels[j] & 15) | (levels[j + 64] << 4));
    for (int j = 0; j < 32; ++j) {
      high[j] = uint8_t(levels[j] >> 4 | (levels[j + 32] >> 4) << 2 | (levels[j + 64] >> 4) << 4 |
                        (levels[j + 96] >> 4) << 6);
    }
  }
}
inline void unpack(const BlockQ6_K& block, uint8_t* levels) {
  for (int half = 0; half < 2; ++half) {
    const uint8_t* high = block.qh + 32 * half;
    for (int quarter = 0; quarter < 4; ++quarter, levels += 32) {
      const uint8_t* low = block.ql + 64 * half + 32 * (quarter % 2);
      const int nibble = quarter / 2 * 4, pair = quarter * 2;
      for (int j = 0; j < 32; ++j) levels[j] = uint8_t((low[j] >> nibble & 15) | (high[j] >> pair & 3) << 4);
    }
  }
}

// Scales. `packScales` takes them as integers, `decodeScales` gives what they stand for.

inline void packScales(const uint8_t* scales, const uint8_t* mins, BlockQ2_K& block) {
  for (int j = 0; j < 16; ++j) block.scales[j] = uint8_t(scales[j] | mins[j] << 4);
}
inline void decodeScales(const BlockQ2_K& block, float* scales, float* mins) {
  const float d = fromHalf(block.d), dmin = fromHalf(block.dmin);
  for (int j = 0; j < 16; ++j) {
    scales[j] = d * float(block.scales[j] & 15);
    mins[j] = dmin * float(block.scales[j] >> 4);
  }
}

/** 16 scales of 6 bits, which are stored with 32 added: low nibbles in 8 bytes, top bits in 4. */
inline void packScales(const uint8_t* scales, BlockQ3_K& block) {
  for (int j = 0; j < 8; ++j) block.scales[j] = uint8_t((scales[j] & 15) | scales[j + 8] << 4);
  for (int j = 0; j < 4; ++j) {
    block.scales[j + 8] = uint8_t(scales[j] >> 4 | (scales[j + 4] >> 4) << 2 | (scales[j + 8] >> 4) << 4 |
                                  (scales[j + 12] >> 4) << 6);
  }
}
inline void decodeScales(const BlockQ3_K& block, float* scales) {
  const float d = fromHalf(block.d);
  for (int j = 0; j < 16; ++j) {
    const int low = block.scales[j % 8] >> j / 8 * 4 & 15, high = block.scales[8 + j % 4] >> j / 4 * 2 & 3;
    scales[j] = d * float((low | high << 4) - 32);
  }
}

/** 8 scales and 8 minimums of 6 bits in 12 bytes: the first four of each whole, the others' top bits above those. */
inline void packSixBits(const uint8_t* scales, const uint8_t* mins, uint8_t* packed) {
  for (int j = 0; j < 4; ++j) {
    packed[j] = uint8_t(scales[j] | (scales[j + 4] >> 4) << 6);
    packed[j + 4] = uint8_t(mins[j] | (mins[j + 4] >> 4) << 6);
    packed[j + 8] = uint8_t((scales[j + 4] & 15) | mins[j + 4] << 4);
  }
}
inline void decodeSixBits(const uint8_t* packed, uint16_t d, uint16_t dmin, float* scales, float* mins) {
  const float scale = fromHalf(d), min = fromHalf(dmin);
  for (int j = 0; j < 4; ++j) {
    scales[j] = scale * float(packed[j] & 63);
    mins[j] = min * float(packed[j + 4] & 63);
    scales[j + 4] = scale * float((packed[j + 8] & 15) | packed[j] >> 6 << 4);
    mins[j + 4] = min * float(packed[j + 8] >> 4 | packed[j + 4] >> 6 << 4);
  }
}
inline void packScales(const uint8_t* scales, const uint8_t* mins, BlockQ4_K& block) {
  packSixBits(scales, mins, block.scales);
}
/** ref-quirk: limits them, so that of those that wrapped below 0 it keeps 63, where Q4_K mixes up their bits. */
inline void packScales(const uint8_t* scales, const uint8_t* mins, BlockQ5_K& block) {
  uint8_t limited[2][8];
  for (int j = 0; j < 8; ++j) {
    limited[0][j] = scales[j] < 63 ? scales[j] : 63;
    limited[1][j] = mins[j] < 63 ? mins[j] : 63;
  }
  packSixBits(limited[0], limited[1], block.scales);
}
inline void decodeScales(const BlockQ4_K& block, float* scales, float* mins) {
  decodeSixBits(block.scales, block.d, block.dmin, scales, mins);
}
inline void decodeScales(const BlockQ5_K& block, float* scales, float* mins) {
  decodeSixBits(block.scales, block.d, block.dmin, scales, mins);
}

inline void decodeScales(const BlockQ6_K& block, float* scales) {
  const float d = fromHalf(block.d);
  for (int j = 0; j < 16; ++j) scales[j] = d * float(block.scales[j]);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
