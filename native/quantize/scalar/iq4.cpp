// IQ4_NL, a block of 32 at a time, and IQ4_XS, a super-block of eight: a search for the scale of each 32, then every
// element is rounded to the nearest of 16 values.
// Reference: quantize_row_iq4_nl_impl in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/iq4.h"
#include "../families.h"
#include "blocks.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** The level whose value is nearest; NaN counts as large. */
int levelOf(float number) {
  int level = 0;
  for (int i = 0; i < 15; ++i) level += !(number < iq4Middle(i));
  return level;
}

/** The candidate with the smallest weighted squared error. */
float searchScale(const float* x, const float* weights) {
  float magnitude = 0, extreme = 0;
  for (int j = 0; j < 32; ++j) {
    if (__builtin_fabsf(x[j]) > magnitude) magnitude = __builtin_fabsf(x[j]), extreme = x[j];
  }
  if (magnitude < NOTHING) return 0;

  float sumXQ, sumQ2;
  const auto fit = [&](float inverse) {
    sumXQ = sumQ2 = 0;
    for (int j = 0; j < 32; ++j) {
      const float value = IQ4_VALUES[levelOf(inverse * x[j])], weighted = weights[j] * value;
      sumXQ += weighted * x[j];
      sumQ2 += weighted * value;
    }
  };

  fit(1 / (-extreme / IQ4_VALUES[0]));
  float scale = sumQ2 > 0 ? sumXQ / sumQ2 : 0.f, best = scale * sumXQ;
  for (int step = IQ4_FIRST; step <= IQ4_LAST; ++step) {
    fit(float(step + IQ4_VALUES[0]) / extreme);
    if (sumQ2 > 0 && sumXQ * sumXQ > best * sumQ2) {
      scale = sumXQ / sumQ2;
      best = scale * sumXQ;
    }
  }
  return scale;
}

/** A block of SUBS times 32 elements. */
template <int SUBS, class Block>
void quantizeBlock(const float* x, const float* importance, Block& block) {
  constexpr int COUNT = 32 * SUBS;
  float weights[COUNT], scales[SUBS], inverses[SUBS];
  weigh<COUNT>(x, importance, iq4Variance<COUNT>(x), weights);
  for (int sub = 0; sub < SUBS; ++sub) scales[sub] = searchScale(x + 32 * sub, weights + 32 * sub);
  quantizeScales(block, scales, inverses);
  for (int sub = 0; sub < SUBS; ++sub) {
    const float* values = x + 32 * sub;
    for (int j = 0; j < 16; ++j) {
      const int low = levelOf(inverses[sub] * values[j]), high = levelOf(inverses[sub] * values[j + 16]);
      block.qs[16 * sub + j] = uint8_t(low | high << 4);
    }
  }
}

}  // namespace

void quantizeIQ4_NL(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockIQ4_NL, 32>(x, weights, y, rows, columns, quantizeBlock<1>);
}
void quantizeIQ4_XS(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockIQ4_XS, SUPER_BLOCK>(x, weights, y, rows, columns, quantizeBlock<8>);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
