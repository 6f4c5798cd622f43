// IQ1_S and IQ1_M to float32.
// Reference: dequantize_row_iq1_* in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/iq1.h"
#include "../families.h"
#include "../grids.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** The 8 elements of a point of the grid, by its index. */
void decode(float scale, bool down, int index, float* x) {
  const float shift = down ? -IQ1_SHIFT : IQ1_SHIFT;
  const uint32_t point = GRID_POINTS[GRID_IQ1][index];
  for (int j = 0; j < 8; ++j) x[j] = scale * (float(levelIn(point, j) - 1) + shift);
}

}  // namespace

void dequantizeIQ1_S(const uint8_t* y, float* x, size_t count) {
  for (size_t i = 0; i < count; i += 256, y += sizeof(BlockIQ1_S)) {
    BlockIQ1_S block;
    __builtin_memcpy(&block, y, sizeof block);
    const float d = fromHalf(block.d);
    for (int group = 0; group < 32; ++group) {
      const int high = block.qh[group / 4], index = block.qs[group] | (high >> (3 * (group % 4)) & 7) << 8;
      decode(d * float(2 * (high >> 12 & 7) + 1), high & 0x8000, index, x + i + 8 * group);
    }
  }
}

void dequantizeIQ1_M(const uint8_t* y, float* x, size_t count) {
  for (size_t i = 0; i < count; i += 256, y += sizeof(BlockIQ1_M)) {
    BlockIQ1_M block;
    __builtin_memcpy(&block, y, sizeof block);
    uint16_t scales[4];
    __builtin_memcpy(scales, block.scales, sizeof scales);
    const float d = fromHalf(iq1Step(scales));
    for (int group = 0; group < 32; ++group) {
      const int high = block.qh[group / 2] >> (4 * (group % 2)), sub = group / 2;
      const int level = scales[sub / 4] >> (3 * (sub % 4)) & 7;
      decode(d * float(2 * level + 1), high & 8, block.qs[group] | (high & 7) << 8, x + i + 8 * group);
    }
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
