// IQ3_XXS to float32: scale * (4, 12, 20, ... 52 or 62) * sign. IQ3_S: scale * (1, 3, 5, ... 15) * sign.
// Reference: dequantize_row_iq3_xxs, _iq3_s in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/half.h"
#include "../common/signs.h"
#include "../families.h"
#include "../grids.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** The 4 values of a point; `signs` in the low bits. */
template <class Number>
void values(unsigned point, unsigned signs, float scale, float* x, Number numberOf) {
  for (int j = 0; j < 4; ++j) {
    const float number = float(numberOf(int(point >> 3 * j & 7)));
    x[j] = scale * number * (signs >> j & 1 ? -1.f : 1.f);
  }
}

}  // namespace

void dequantizeIQ3_XXS(const uint8_t* y, float* x, size_t count) {
  for (const float* end = x + count; x < end; y += sizeof(BlockIQ3_XXS)) {
    BlockIQ3_XXS block;
    __builtin_memcpy(&block, y, sizeof block);
    const float d = fromHalf(block.d);
    for (int sub = 0; sub < 8; ++sub) {
      uint32_t word;
      __builtin_memcpy(&word, block.qs + 64 + 4 * sub, 4);
      const float scale = d * (0.5f + float(word >> 28)) * 0.5f;
      for (int k = 0; k < 8; ++k, x += 4) {
        const unsigned signs = evenSigns(word >> 7 * (k / 2)) >> 4 * (k % 2);
        values(GRID_POINTS[GRID_IQ3_XXS][block.qs[8 * sub + k]], signs, scale, x,
               [](int level) { return 4 + 8 * level + 2 * (level == 7); });
      }
    }
  }
}

void dequantizeIQ3_S(const uint8_t* y, float* x, size_t count) {
  for (const float* end = x + count; x < end; y += sizeof(BlockIQ3_S)) {
    BlockIQ3_S block;
    __builtin_memcpy(&block, y, sizeof block);
    const float d = fromHalf(block.d);
    for (int k = 0; k < 64; ++k, x += 4) {
      const float scale = d * float(1 + 2 * (block.scales[k / 16] >> 4 * (k / 8 % 2) & 15));
      const int index = block.qs[k] | (block.qh[k / 8] >> k % 8 & 1) << 8;
      values(GRID_POINTS[GRID_IQ3_S][index], unsigned(block.signs[k / 2]) >> 4 * (k % 2), scale, x,
             [](int level) { return 1 + 2 * level; });
    }
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
