// Runs a kernel over a run of blocks, as many at a time as its lanes take.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace hf2gguf::HF2GGUF_NAMESPACE {

/**
 * Calls kernel(x, blocks) for each GROUP blocks of ELEMENTS floats; what is left over is padded with zeros.
 * The kernel writes to a buffer of its own, so y need not be aligned. Without weights rows don't matter: all blocks are
 * one run.
 */
template <class Block, int ELEMENTS, int GROUP, void (*KERNEL)(const float* x, Block* blocks)>
void inGroups(const float* x, uint8_t* y, size_t rows, size_t columns) {
  Block blocks[GROUP];
  size_t left = rows * columns / ELEMENTS;
  for (; left >= GROUP; left -= GROUP, x += GROUP * ELEMENTS, y += sizeof blocks) {
    KERNEL(x, blocks);
    __builtin_memcpy(y, blocks, sizeof blocks);
  }
  if (left == 0) return;
  float padded[GROUP * ELEMENTS] = {};
  __builtin_memcpy(padded, x, left * ELEMENTS * sizeof(float));
  KERNEL(padded, blocks);
  __builtin_memcpy(y, blocks, left * sizeof(Block));
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
