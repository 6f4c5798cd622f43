// Runs a kernel over a run of blocks, as many at a time as its lanes take.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "../kernels.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/**
 * Calls kernel(x, weights, blocks) for each GROUP blocks of ELEMENTS floats; what is left over is padded with zeros, and
 * a kernel(x, weights, blocks, count) is told how many are not.
 * The kernel writes to a buffer of its own, so y need not be aligned. A group may run on into the next row, and the
 * weights with it (see WEIGHTS_PADDING); without weights all blocks are one run.
 */
template <class Block, int ELEMENTS, int GROUP, class Kernel>
void inGroups(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns, Kernel kernel) {
  static_assert(GROUP * ELEMENTS <= WEIGHTS_PADDING);
  Block blocks[GROUP];
  const auto run = [&](const float* values, const float* columnWeights, int count) {
    if constexpr (requires { kernel(values, columnWeights, blocks, count); }) {
      kernel(values, columnWeights, blocks, count);
    } else {
      kernel(values, columnWeights, blocks);
    }
  };
  size_t left = rows * columns / ELEMENTS, column = 0;
  for (; left >= GROUP; left -= GROUP, x += GROUP * ELEMENTS, y += sizeof blocks) {
    run(x, weights + column, GROUP);
    // One at a time, because GCC moves all at once by a string instruction, which starts slowly.
    for (int b = 0; b < GROUP; ++b) __builtin_memcpy(y + b * sizeof(Block), blocks + b, sizeof(Block));
    if (weights) column = (column + GROUP * ELEMENTS) % columns;
  }
  if (left == 0) return;
  float padded[GROUP * ELEMENTS] = {};
  __builtin_memcpy(padded, x, left * ELEMENTS * sizeof(float));
  run(padded, weights + column, int(left));
  __builtin_memcpy(y, blocks, left * sizeof(Block));
}

/** The same for kernel(x, blocks), which takes no weights. */
template <class Block, int ELEMENTS, int GROUP, class Kernel>
void inGroups(const float* x, uint8_t* y, size_t count, Kernel kernel) {
  inGroups<Block, ELEMENTS, GROUP>(x, nullptr, y, 1, count,
                                   [&](const float* values, const float*, Block* blocks) { kernel(values, blocks); });
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
