// Values of MXFP4 and NVFP4: dequantize_row_* in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/fp4.h"
#include "../families.h"
#include "blocks.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** 2 * COUNT values: the low nibbles, then the high ones. */
template <int COUNT>
void decodeNibbles(const uint8_t* qs, float d, float* x) {
  for (int j = 0; j < COUNT; ++j) {
    x[j] = FP4_VALUES[qs[j] & 15] * d;
    x[j + COUNT] = FP4_VALUES[qs[j] >> 4] * d;
  }
}

void decode(const BlockMXFP4& block, float* x) { decodeNibbles<16>(block.qs, halfFromE8M0(block.e), x); }

void decode(const BlockNVFP4& block, float* x) {
  for (int sub = 0; sub < 4; ++sub) decodeNibbles<8>(block.qs + 8 * sub, halfFromUE4M3(block.d[sub]), x + 16 * sub);
}

}  // namespace

void dequantizeMXFP4(const uint8_t* y, float* x, size_t count) { decodeBlocks<BlockMXFP4, 32, decode>(y, x, count); }
void dequantizeNVFP4(const uint8_t* y, float* x, size_t count) { decodeBlocks<BlockNVFP4, 64, decode>(y, x, count); }

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
