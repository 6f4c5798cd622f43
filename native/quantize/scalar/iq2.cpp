// IQ2_XXS, IQ2_XS, IQ2_S, a super-block of 256 at a time: 8 elements to a point of a grid, 16 or 32 with a scale.
#include "../common/iq2.h"
#include "../families.h"
#include "blocks.h"
#include "grid-search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

void quantizeIQ2_XXS(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockIQ2_XXS, 256>(x, weights, y, rows, columns, quantizeGrid<BlockIQ2_XXS>);
}
void quantizeIQ2_XS(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockIQ2_XS, 256>(x, weights, y, rows, columns, quantizeGrid<BlockIQ2_XS>);
}
void quantizeIQ2_S(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockIQ2_S, 256>(x, weights, y, rows, columns, quantizeGrid<BlockIQ2_S>);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
