// From lanes to the blocks.
#pragma once
#include "floats.h"
#include "transpose.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** float16 scales of LANES blocks: `Block::*FIELD` of each. */
template <auto FIELD, class Block>
void storeHalves(Block* blocks, const F& values) {
  uint32_t halves[LANES];
  store(halves, toHalf(values));
  for (int lane = 0; lane < LANES; ++lane) blocks[lane].*FIELD = uint16_t(halves[lane]);
}

/** The field `qs` of LANES blocks, from one run of bytes after the other. */
template <class Block>
void storeBytes(Block* blocks, const uint8_t* bytes) {
  constexpr size_t COUNT = sizeof blocks->qs;
  for (int lane = 0; lane < LANES; ++lane) __builtin_memcpy(blocks[lane].qs, bytes + COUNT * lane, COUNT);
}

/** 2 * COUNT levels of 4 bits (only their lowest byte counts) to COUNT bytes a lane: the first half are the low nibbles. */
template <int COUNT>
void nibblesFromLanes(const I* levels, uint8_t* bytes) {
  I pairs[COUNT];
  for (int j = 0; j < COUNT; ++j) pairs[j] = (levels[j] | levels[j + COUNT] << 4) & 255;
  fromLanes<COUNT>(pairs, bytes);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
