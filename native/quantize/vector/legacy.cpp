// Q4_0, Q4_1, Q5_0, Q5_1, Q8_0: scalar/legacy.cpp with a block of 32 a lane.
#include "../families.h"
#include "groups.h"
#include "scale.h"
#include "store.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

template <class Block>
void storeLevels(Block* blocks, I* levels) {
  if constexpr (requires { blocks->qh; }) {
    I high = {};
    for (int j = 0; j < 32; ++j) {
      high |= (levels[j] >> 4 & 1) << j;
      levels[j] = levels[j] & 15;
    }
    int32_t bits[LANES];
    store(bits, high);
    for (int lane = 0; lane < LANES; ++lane) __builtin_memcpy(blocks[lane].qh, bits + lane, 4);
  }
  uint8_t bytes[LANES * 16];
  nibblesFromLanes<16>(levels, bytes);
  storeBytes(blocks, bytes);
}

I levelOf(const F& value, int largest) { return smaller(truncated(value), all(largest)); }

template <class Block, int LEVELS>
void quantizeSymmetric(const float* x, Block* blocks) {
  F v[32];
  toLanes<32>(x, v);
  const F d = extreme<32>(v) / float(-LEVELS / 2), id = inverse(d);
  I levels[32];
  for (int j = 0; j < 32; ++j) levels[j] = levelOf(v[j] * id + (LEVELS / 2 + 0.5f), LEVELS - 1);
  storeHalves<&Block::d>(blocks, d);
  storeLevels(blocks, levels);
}

template <class Block, int LEVELS>
void quantizeAffine(const float* x, Block* blocks) {
  F v[32];
  toLanes<32>(x, v);
  F min = all(0x1.fffffep127f), max = all(-0x1.fffffep127f);
  for (int j = 0; j < 32; ++j) {
    min = smaller(v[j], min);
    max = larger(v[j], max);
  }
  const F d = (max - min) / float(LEVELS - 1), id = inverse(d);
  I levels[32];
  for (int j = 0; j < 32; ++j) levels[j] = levelOf((v[j] - min) * id + 0.5f, LEVELS - 1);
  storeHalves<&Block::d>(blocks, d);
  storeHalves<&Block::m>(blocks, min);
  storeLevels(blocks, levels);
}

void quantizeBlocks(const float* x, BlockQ8_0* blocks) {
  F v[32];
  toLanes<32>(x, v);
  const F d = magnitude<32>(v) / 127.f, id = inverse(d);
  I levels[32];
  for (int j = 0; j < 32; ++j) levels[j] = roundedAway(v[j] * id) & 255;
  uint8_t bytes[LANES * 32];
  fromLanes<32>(levels, bytes);
  storeHalves<&BlockQ8_0::d>(blocks, d);
  storeBytes(blocks, bytes);
}

}  // namespace

void quantizeQ4_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ4_0, 32, LANES>(x, y, rows * columns, quantizeSymmetric<BlockQ4_0, 16>);
}
void quantizeQ4_1(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ4_1, 32, LANES>(x, y, rows * columns, quantizeAffine<BlockQ4_1, 16>);
}
void quantizeQ5_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ5_0, 32, LANES>(x, y, rows * columns, quantizeSymmetric<BlockQ5_0, 32>);
}
void quantizeQ5_1(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ5_1, 32, LANES>(x, y, rows * columns, quantizeAffine<BlockQ5_1, 32>);
}
void quantizeQ8_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ8_0, 32, LANES>(x, y, rows * columns, quantizeBlocks);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
