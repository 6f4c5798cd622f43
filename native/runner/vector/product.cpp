// The products of attention: a panel times some tokens. A lane adds up one output over the panel's depth, in order. All
// sums of a call stay in registers.
#include "families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

template <int TOKENS>
void multiplyTokens(const Product& product) {
  RegisterF sums[TOKENS][PANEL_REGISTERS];
#pragma GCC unroll 16
  for (int t = 0; t < TOKENS; ++t) {
#pragma GCC unroll 2
    for (int r = 0; r < PANEL_REGISTERS; ++r) {
      sums[t][r] = load<RegisterF>(product.start + size_t(t) * product.startStride + r * REGISTER);
    }
  }
  const float *input = product.input, *panel = product.panel;
  for (size_t k = 0; k < product.depth; ++k, input += TOKENS, panel += product.panelStride) {
    RegisterF weights[PANEL_REGISTERS];
#pragma GCC unroll 2
    for (int r = 0; r < PANEL_REGISTERS; ++r) weights[r] = load<RegisterF>(panel + r * REGISTER);
#pragma GCC unroll 16
    for (int t = 0; t < TOKENS; ++t) {
#pragma GCC unroll 2
      for (int r = 0; r < PANEL_REGISTERS; ++r) sums[t][r] += weights[r] * input[t];
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < TOKENS; ++t) {
#pragma GCC unroll 2
    for (int r = 0; r < PANEL_REGISTERS; ++r) {
      store(product.output + size_t(t) * product.outputStride + r * REGISTER, sums[t][r]);
    }
  }
}

template <int TOKENS = PANEL_TOKENS>
void multiplySome(const Product& product) {
  if (product.tokens == TOKENS) return multiplyTokens<TOKENS>(product);
  if constexpr (TOKENS > 1) multiplySome<TOKENS - 1>(product);
}

}  // namespace

void multiply(const Product& product) { multiplySome(product); }

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
