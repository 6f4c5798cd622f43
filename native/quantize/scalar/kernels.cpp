// The scalar target: slow, plain, and what the vector kernels are checked against. It runs everywhere.
#include "../kernels.h"

#include "floats.h"
#include "k-quants.h"
#include "legacy.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** Without weights rows don't matter: all blocks are one run. */
template <class Block, int ELEMENTS>
void quantize(const float* x, uint8_t* y, size_t rows, size_t columns) {
  for (size_t i = 0; i < rows * columns / ELEMENTS; ++i) {
    Block block;
    quantizeBlock(x + i * ELEMENTS, block);
    __builtin_memcpy(y + i * sizeof(Block), &block, sizeof(Block));
  }
}

}  // namespace

const Kernels kernels = {
    .widen = {widenF32, widenF16, widenBF16},
    .allFinite = allFinite,
    .quantize = {quantizeF32, quantizeHalf<toHalf>, quantizeHalf<toBfloat>, quantize<BlockQ4_0, 32>,
                 quantize<BlockQ5_0, 32>, quantize<BlockQ5_1, 32>, quantize<BlockQ8_0, 32>,
                 quantize<BlockQ4_K, 256>, quantize<BlockQ5_K, 256>, quantize<BlockQ6_K, 256>},
};

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
