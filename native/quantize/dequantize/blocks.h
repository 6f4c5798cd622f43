// Decodes blocks one at a time.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace hf2gguf::HF2GGUF_NAMESPACE {

/**
 * Calls DECODE(block, x) for each block of ELEMENTS floats, on a copy that is aligned and overlaps nothing. Some blocks
 * are copied together: a wide load right after the narrow stores of its bytes would wait for them.
 */
template <class Block, int ELEMENTS, void (*DECODE)(const Block& block, float* x)>
void decodeBlocks(const uint8_t* y, float* x, size_t count) {
  constexpr size_t MOST = 512 / ELEMENTS;
  Block blocks[MOST];
  for (size_t left = count / ELEMENTS; left > 0;) {
    const size_t some = left < MOST ? left : MOST;
    __builtin_memcpy(blocks, y, some * sizeof(Block));
    for (size_t i = 0; i < some; ++i, x += ELEMENTS) DECODE(blocks[i], x);
    y += some * sizeof(Block);
    left -= some;
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
