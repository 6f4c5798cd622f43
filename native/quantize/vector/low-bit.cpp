// TQ1_0, TQ2_0, Q1_0, Q2_0: scalar/low-bit.cpp with vectors. Where nothing is summed, the lanes run along one block.
#include "../common/low-bit.h"

#include "../common/half.h"
#include "../common/scale.h"
#include "../families.h"
#include "groups.h"
#include "store.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

template <class Block, int ELEMENTS, bool WRAPS>
void quantizeTernary(const float* x, Block* block) {
  F sizes = {};
  for (int i = 0; i < ELEMENTS; i += LANES) sizes = larger(abs(load<F>(x + i)), sizes);
  float size[LANES];
  store(size, sizes);
  const float d = magnitude<LANES>(size);
  const F id = all(inverse(d));

  int32_t wide[ELEMENTS];
  for (int i = 0; i < ELEMENTS; i += LANES) {
    const I level = roundedAway(load<F>(x + i) * id) + 1;
    store(wide + i, WRAPS ? level & 3 : clamp(level, 0, 3));
  }
  uint8_t levels[ELEMENTS];
  for (int i = 0; i < ELEMENTS; ++i) levels[i] = uint8_t(wide[i]);
  block->d = toHalf(d);
  pack(levels, *block);
}

/** A block of 128 a lane. */
void quantizeSigns(const float* x, BlockQ1_0* blocks) {
  F v[128], sum = {};
  toLanes<128>(x, v);
  I signs[4] = {};
  for (int j = 0; j < 128; ++j) {
    sum += abs(v[j]);
    signs[j / 32] |= (v[j] >= 0.f) & int32_t(1u << j % 32);
  }
  storeHalves<&BlockQ1_0::d>(blocks, sum / 128.f);
  uint8_t bytes[LANES * 16];
  wordsFromLanes<16>(signs, bytes);
  storeBytes(blocks, bytes);
}

}  // namespace

void quantizeTQ1_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockTQ1_0, 256, 1>(x, y, rows * columns, quantizeTernary<BlockTQ1_0, 256, true>);
}
void quantizeTQ2_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockTQ2_0, 256, 1>(x, y, rows * columns, quantizeTernary<BlockTQ2_0, 256, true>);
}
void quantizeQ1_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ1_0, 128, LANES>(x, y, rows * columns, quantizeSigns);
}
void quantizeQ2_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ2_0, 64, 1>(x, y, rows * columns, quantizeTernary<BlockQ2_0, 64, false>);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
