// The matrix product's innermost part: a panel of weights times some tokens. Each lane is the sum of one output, over
// the panel's depth in order; all sums of a call stay in registers.
#include "../../quantize/vector/transpose.h"
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

void packPanel(const void* rows, size_t stride, size_t count, size_t depth, float* panel) {
  const auto row = [&](size_t column) {
    return static_cast<const char*>(rows) + (column < count ? column : count - 1) * stride * sizeof(float);
  };
  const size_t whole = depth / 4 * 4;
  for (int r = 0; r < PANEL_REGISTERS; ++r) {
    const char* starts[REGISTER];
    for (int lane = 0; lane < REGISTER; ++lane) starts[lane] = row(size_t(r * REGISTER + lane));
    for (size_t k = 0; k < whole; k += 4) {
      RegisterF four[4];
      fourToLanes([&](int lane) { return starts[lane] + k * sizeof(float); }, four);
      for (size_t i = 0; i < 4; ++i) store(panel + (k + i) * PANEL_COLUMNS + r * REGISTER, four[i]);
    }
  }
  for (size_t column = 0; column < PANEL_COLUMNS; ++column) {
    for (size_t k = whole; k < depth; ++k) {
      __builtin_memcpy(panel + k * PANEL_COLUMNS + column, row(column) + k * sizeof(float), sizeof(float));
    }
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
