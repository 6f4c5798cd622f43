// IQ3_XXS, IQ3_S, a super-block of 256 at a time: 4 elements to a point of a grid, 16 or 32 with a scale.
#include "../common/iq3.h"
#include "../families.h"
#include "blocks.h"
#include "grid-search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

void quantizeIQ3_XXS(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockIQ3_XXS, 256>(x, weights, y, rows, columns, quantizeGrid<BlockIQ3_XXS>);
}
void quantizeIQ3_S(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockIQ3_S, 256>(x, weights, y, rows, columns, quantizeGrid<BlockIQ3_S>);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
