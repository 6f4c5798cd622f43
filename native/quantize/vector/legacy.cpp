// Q4_0, Q5_0, Q5_1, Q8_0: scalar/legacy.cpp with a block of 32 a lane.
#include "../families.h"
#include "floats.h"
#include "groups.h"
#include "transpose.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

F inverse(const F& scale) { return select(scale != 0.f, 1.0f / scale, F{}); }

template <int COUNT>
F extreme(const F* x) {
  F magnitude = {}, value = {};
  for (int j = 0; j < COUNT; ++j) {
    const F size = abs(x[j]);
    value = select(magnitude < size, x[j], value);
    magnitude = larger(size, magnitude);
  }
  return value;
}

I symmetricLevel(const F& level, int largest) {
  return smaller(truncated(level) << 24 >> 24, all(largest));
}

/** float16 scales of LANES blocks: `Block::*FIELD` of each. */
template <auto FIELD, class Block>
void storeHalves(Block* blocks, const F& values) {
  uint32_t halves[LANES];
  store(halves, toHalf(values));
  for (int lane = 0; lane < LANES; ++lane) blocks[lane].*FIELD = uint16_t(halves[lane]);
}

template <class Block>
void storeNibbles(Block* blocks, const I* levels) {
  I pairs[16];
  uint8_t bytes[LANES][16];
  for (int j = 0; j < 16; ++j) pairs[j] = (levels[j] | levels[j + 16] << 4) & 255;
  fromLanes<16>(pairs, bytes[0]);
  for (int lane = 0; lane < LANES; ++lane) __builtin_memcpy(blocks[lane].qs, bytes[lane], 16);
}

/** Levels of 5 bits. */
template <class Block>
void storeFiveBits(Block* blocks, I* levels) {
  I high = {};
  for (int j = 0; j < 32; ++j) {
    high |= (levels[j] >> 4 & 1) << j;
    levels[j] = levels[j] & 15;
  }
  storeNibbles(blocks, levels);
  int32_t bits[LANES];
  store(bits, high);
  for (int lane = 0; lane < LANES; ++lane) __builtin_memcpy(blocks[lane].qh, bits + lane, 4);
}

void blockQ4_0(const float* x, BlockQ4_0* blocks) {
  F v[32];
  toLanes<32>(x, v);
  const F d = extreme<32>(v) / -8.f, id = inverse(d);
  I levels[32];
  for (int j = 0; j < 32; ++j) levels[j] = symmetricLevel(v[j] * id + 8.5f, 15);
  storeHalves<&BlockQ4_0::d>(blocks, d);
  storeNibbles(blocks, levels);
}

void blockQ5_0(const float* x, BlockQ5_0* blocks) {
  F v[32];
  toLanes<32>(x, v);
  const F d = extreme<32>(v) / -16.f, id = inverse(d);
  I levels[32];
  for (int j = 0; j < 32; ++j) levels[j] = symmetricLevel(v[j] * id + 16.5f, 31);
  storeHalves<&BlockQ5_0::d>(blocks, d);
  storeFiveBits(blocks, levels);
}

void blockQ5_1(const float* x, BlockQ5_1* blocks) {
  F v[32];
  toLanes<32>(x, v);
  F min = all(0x1.fffffep127f), max = all(-0x1.fffffep127f);
  for (int j = 0; j < 32; ++j) {
    min = smaller(v[j], min);
    max = larger(v[j], max);
  }
  const F d = (max - min) / 31.f, id = inverse(d);
  I levels[32];
  for (int j = 0; j < 32; ++j) levels[j] = truncated((v[j] - min) * id + 0.5f);
  storeHalves<&BlockQ5_1::d>(blocks, d);
  storeHalves<&BlockQ5_1::m>(blocks, min);
  storeFiveBits(blocks, levels);
}

I roundedAway(const F& value) {
  const I half = (asInts(value) & INT32_MIN) | 0x3effffff;  // the largest float below a half
  return truncated(value + asFloats(half));
}

void blockQ8_0(const float* x, BlockQ8_0* blocks) {
  F v[32], magnitude = {};
  toLanes<32>(x, v);
  for (int j = 0; j < 32; ++j) magnitude = larger(abs(v[j]), magnitude);
  const F d = magnitude / 127.f, id = inverse(d);
  I levels[32];
  uint8_t bytes[LANES][32];
  for (int j = 0; j < 32; ++j) levels[j] = roundedAway(v[j] * id) & 255;
  fromLanes<32>(levels, bytes[0]);
  storeHalves<&BlockQ8_0::d>(blocks, d);
  for (int lane = 0; lane < LANES; ++lane) __builtin_memcpy(blocks[lane].qs, bytes[lane], 32);
}

}  // namespace

void quantizeQ4_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ4_0, 32, LANES>(x, y, rows * columns, blockQ4_0);
}
void quantizeQ5_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ5_0, 32, LANES>(x, y, rows * columns, blockQ5_0);
}
void quantizeQ5_1(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ5_1, 32, LANES>(x, y, rows * columns, blockQ5_1);
}
void quantizeQ8_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ8_0, 32, LANES>(x, y, rows * columns, blockQ8_0);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
