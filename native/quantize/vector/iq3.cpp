// IQ3_XXS, IQ3_S: scalar/iq3.cpp with a sub-block of 16 or 32 elements a lane.
#include "../common/iq3.h"
#include "../families.h"
#include "grid-search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

void quantizeIQ3_XXS(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantizeGridRows<BlockIQ3_XXS>(x, weights, y, rows, columns);
}
void quantizeIQ3_S(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantizeGridRows<BlockIQ3_S>(x, weights, y, rows, columns);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
