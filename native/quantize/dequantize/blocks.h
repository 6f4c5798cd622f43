// Decodes blocks one at a time.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** Calls DECODE(block, x) for each block of ELEMENTS floats, on a copy that is aligned and overlaps nothing. */
template <class Block, int ELEMENTS, void (*DECODE)(const Block& block, float* x)>
void decodeBlocks(const uint8_t* y, float* x, size_t count) {
  for (size_t i = 0; i < count; i += ELEMENTS, y += sizeof(Block)) {
    Block block;
    __builtin_memcpy(&block, y, sizeof block);
    DECODE(block, x + i);
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
