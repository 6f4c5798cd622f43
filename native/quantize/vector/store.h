// From lanes to the blocks.
#pragma once
#include "floats.h"
#include "transpose.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** float16 scales of LANES blocks: `Block::*FIELD` of each. */
template <auto FIELD, class Block>
void storeHalves(Block* blocks, const F& values) {
  uint16_t halves[2 * LANES];  // the lower half of each integer first
  store(halves, toHalf(values));
  for (int lane = 0; lane < LANES; ++lane) __builtin_memcpy(&(blocks[lane].*FIELD), halves + 2 * lane, 2);
}

/** The field `qs` of LANES blocks, from one run of bytes after the other. */
template <class Block>
void storeBytes(Block* blocks, const uint8_t* bytes) {
  constexpr size_t COUNT = sizeof blocks->qs;
  for (int lane = 0; lane < LANES; ++lane) __builtin_memcpy(blocks[lane].qs, bytes + COUNT * lane, COUNT);
}

/** COUNT bytes a lane, one run after the other: the lowest bytes of integers `byte(j)`, never all of them at once. */
template <int COUNT, class Byte>
inline void bytesFromLanes(Byte byte, uint8_t* bytes) {
  I words[COUNT / 4];
  for (int i = 0; i < COUNT / 4; ++i) {
    I word = byte(4 * i + 3);
    for (int j = 2; j >= 0; --j) word = word << 8 | (byte(4 * i + j) & 255);
    words[i] = word;
  }
  wordsFromLanes<COUNT>(words, bytes);
}

/** The same for 2 * COUNT levels of 4 bits: the first half are the low nibbles. */
template <int COUNT, class Level>
inline void nibblesFromLanes(Level level, uint8_t* bytes) {
  bytesFromLanes<COUNT>([&](int j) { return level(j) | level(j + COUNT) << 4; }, bytes);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
