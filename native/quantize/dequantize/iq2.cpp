// IQ2_XXS, IQ2_XS, IQ2_S to float32: scale * (8, 25 or 43) * sign.
// Reference: dequantize_row_iq2_xxs, _iq2_xs, _iq2_s in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/half.h"
#include "../common/signs.h"
#include "../families.h"
#include "../grids.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** The 8 values of a point. */
void values(unsigned point, unsigned signs, float scale, float* x) {
  for (int j = 0; j < 8; ++j) {
    const int level = point >> 2 * j & 3, number = 8 + 17 * level + (level >> 1);
    x[j] = scale * float(number) * (signs >> j & 1 ? -1.f : 1.f);
  }
}

float scaleOf(float d, unsigned level) { return d * (0.5f + float(level)) * 0.25f; }

}  // namespace

void dequantizeIQ2_XXS(const uint8_t* y, float* x, size_t count) {
  for (const float* end = x + count; x < end; y += sizeof(BlockIQ2_XXS)) {
    BlockIQ2_XXS block;
    __builtin_memcpy(&block, y, sizeof block);
    const float d = fromHalf(block.d);
    for (int sub = 0; sub < 8; ++sub) {
      uint32_t words[2];
      __builtin_memcpy(words, block.qs + 4 * sub, sizeof words);
      const float scale = scaleOf(d, words[1] >> 28);
      for (int k = 0; k < 4; ++k, x += 8) {
        values(GRID_POINTS[GRID_IQ2_XXS][words[0] >> 8 * k & 255], evenSigns(words[1] >> 7 * k), scale, x);
      }
    }
  }
}

void dequantizeIQ2_XS(const uint8_t* y, float* x, size_t count) {
  for (const float* end = x + count; x < end; y += sizeof(BlockIQ2_XS)) {
    BlockIQ2_XS block;
    __builtin_memcpy(&block, y, sizeof block);
    const float d = fromHalf(block.d);
    for (int k = 0; k < 32; ++k, x += 8) {
      const float scale = scaleOf(d, block.scales[k / 4] >> 4 * (k / 2 % 2) & 15);
      values(GRID_POINTS[GRID_IQ2_XS][block.qs[k] & 511], evenSigns(block.qs[k] >> 9), scale, x);
    }
  }
}

void dequantizeIQ2_S(const uint8_t* y, float* x, size_t count) {
  for (const float* end = x + count; x < end; y += sizeof(BlockIQ2_S)) {
    BlockIQ2_S block;
    __builtin_memcpy(&block, y, sizeof block);
    const float d = fromHalf(block.d);
    for (int k = 0; k < 32; ++k, x += 8) {
      const float scale = scaleOf(d, block.scales[k / 4] >> 4 * (k / 2 % 2) & 15);
      const int index = block.qs[k] | (block.qh[k / 4] >> 2 * (k % 4) & 3) << 8;
      values(GRID_POINTS[GRID_IQ2_S][index], block.qs[32 + k], scale, x);
    }
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
