// Runs a kernel over blocks one at a time.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** Calls kernel(x, block) for each block of ELEMENTS floats. Without weights rows don't matter: all blocks are one run. */
template <class Block, int ELEMENTS>
void eachBlock(const float* x, uint8_t* y, size_t count, void (*kernel)(const float* x, Block& block)) {
  for (size_t i = 0; i < count; i += ELEMENTS, y += sizeof(Block)) {
    Block block;
    kernel(x + i, block);
    __builtin_memcpy(y, &block, sizeof block);
  }
}

/** Calls kernel(x, weights, block): the weights begin anew with each row, or are null. */
template <class Block, int ELEMENTS>
void eachBlock(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns,
               void (*kernel)(const float* x, const float* weights, Block& block)) {
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < columns; i += ELEMENTS, x += ELEMENTS, y += sizeof(Block)) {
      Block block;
      kernel(x, weights ? weights + i : nullptr, block);
      __builtin_memcpy(y, &block, sizeof block);
    }
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
