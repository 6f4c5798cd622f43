// IQ4_NL and IQ4_XS to float32.
// Reference: dequantize_row_iq4_* in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/iq4.h"
#include "../families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** 16 bytes to 32 elements: the low nibbles, then the high ones. */
void decode(float scale, const uint8_t* qs, float* x) {
  float values[16];
  for (int level = 0; level < 16; ++level) values[level] = scale * float(IQ4_VALUES[level]);
  for (int j = 0; j < 16; ++j) {
    x[j] = values[qs[j] & 15];
    x[j + 16] = values[qs[j] >> 4];
  }
}

}  // namespace

void dequantizeIQ4_NL(const uint8_t* y, float* x, size_t count) {
  for (size_t i = 0; i < count; i += 32, y += sizeof(BlockIQ4_NL)) {
    BlockIQ4_NL block;
    __builtin_memcpy(&block, y, sizeof block);
    decode(fromHalf(block.d), block.qs, x + i);
  }
}

void dequantizeIQ4_XS(const uint8_t* y, float* x, size_t count) {
  for (size_t i = 0; i < count; i += SUPER_BLOCK, y += sizeof(BlockIQ4_XS)) {
    BlockIQ4_XS block;
    __builtin_memcpy(&block, y, sizeof block);
    const float d = fromHalf(block.d);
    for (int sub = 0; sub < 8; ++sub) {
      const int low = block.scales_l[sub / 2] >> (4 * (sub % 2)) & 15, high = block.scales_h >> (2 * sub) & 3;
      decode(d * float((low | high << 4) - 32), block.qs + 16 * sub, x + i + 32 * sub);
    }
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
