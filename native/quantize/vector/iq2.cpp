// IQ2_XXS, IQ2_XS, IQ2_S: scalar/iq2.cpp with a sub-block of 16 or 32 elements a lane.
#include "../common/iq2.h"
#include "../families.h"
#include "grid-search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

void quantizeIQ2_XXS(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantizeGridRows<BlockIQ2_XXS>(x, weights, y, rows, columns);
}
void quantizeIQ2_XS(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantizeGridRows<BlockIQ2_XS>(x, weights, y, rows, columns);
}
void quantizeIQ2_S(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantizeGridRows<BlockIQ2_S>(x, weights, y, rows, columns);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
