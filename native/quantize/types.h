// The tensor types this library writes: their block layouts as in ggml-common.h of llama.cpp v0.5.0.
// All fields are little-endian; float16 fields are kept as their bits.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace hf2gguf {

struct BlockQ4_0 {
  uint16_t d;      // scale
  uint8_t qs[16];  // element j in the low nibble of byte j, element j + 16 in the high one
};
struct BlockQ4_1 {
  uint16_t d, m;  // scale, minimum
  uint8_t qs[16];
};
struct BlockQ5_0 {
  uint16_t d;
  uint8_t qh[4];  // bit j: fifth bit of element j
  uint8_t qs[16];
};
struct BlockQ5_1 {
  uint16_t d, m;
  uint8_t qh[4];
  uint8_t qs[16];
};
struct BlockQ8_0 {
  uint16_t d;
  int8_t qs[32];
};
struct BlockQ2_K {
  uint8_t scales[16];  // 4 bits of scale and 4 of minimum for each 16 elements
  uint8_t qs[64];
  uint16_t d, dmin;  // scales of the scales and of the minimums
};
struct BlockQ3_K {
  uint8_t hmask[32];   // third bits
  uint8_t qs[64];      // low 2 bits
  uint8_t scales[12];  // 16 scales of 6 bits
  uint16_t d;
};
struct BlockQ4_K {
  uint16_t d, dmin;
  uint8_t scales[12];  // 8 scales and 8 minimums of 6 bits
  uint8_t qs[128];
};
struct BlockQ5_K {
  uint16_t d, dmin;
  uint8_t scales[12];
  uint8_t qh[32];
  uint8_t qs[128];
};
struct BlockQ6_K {
  uint8_t ql[128];  // low 4 bits
  uint8_t qh[64];   // high 2 bits
  int8_t scales[16];
  uint16_t d;
};
struct BlockIQ1_S {
  uint16_t d;
  uint8_t qs[32];  // low 8 bits of the grid's index, for 8 elements each
  uint16_t qh[8];  // of 32 elements: high 3 bits of four indices, 3 bits of scale, sign of the shift
};
struct BlockIQ1_M {
  uint8_t qs[32];     // low 8 bits of the grid's index
  uint8_t qh[16];     // of 8 elements in each nibble: high 3 bits of the index, sign of the shift
  uint8_t scales[8];  // 16 scales of 3 bits, and the block's float16 scale in the top nibbles of four 16-bit words
};
struct BlockIQ2_XXS {
  uint16_t d;
  uint16_t qs[32];  // of 32 elements: four indices of 8 bits, four sign patterns of 7 bits, 4 bits of scale
};
struct BlockIQ2_XS {
  uint16_t d;
  uint16_t qs[32];    // of 8 elements: an index of 9 bits and a sign pattern of 7
  uint8_t scales[8];  // 4 bits for each 16 elements
};
struct BlockIQ2_S {
  uint16_t d;
  uint8_t qs[64];  // low 8 bits of the indices, then the signs
  uint8_t qh[8];   // high 2 bits of four indices
  uint8_t scales[8];
};
struct BlockIQ3_XXS {
  uint16_t d;
  uint8_t qs[96];  // indices of 8 bits for 4 elements each, then for each 32: four sign patterns of 7, 4 bits of scale
};
struct BlockIQ3_S {
  uint16_t d;
  uint8_t qs[64];
  uint8_t qh[8];  // ninth bits of the indices
  uint8_t signs[32];
  uint8_t scales[4];
};
struct BlockIQ4_NL {
  uint16_t d;
  uint8_t qs[16];
};
struct BlockIQ4_XS {
  uint16_t d;
  uint16_t scales_h;  // high 2 bits of eight scales
  uint8_t scales_l[4];
  uint8_t qs[128];
};
struct BlockTQ1_0 {
  uint8_t qs[48];  // five ternary digits a byte
  uint8_t qh[4];   // four
  uint16_t d;
};
struct BlockTQ2_0 {
  uint8_t qs[64];
  uint16_t d;
};
struct BlockMXFP4 {
  uint8_t e;  // the scale's exponent (E8M0)
  uint8_t qs[16];
};
struct BlockNVFP4 {
  uint8_t d[4];  // scales of 16 elements each (UE4M3)
  uint8_t qs[32];
};
struct BlockQ1_0 {
  uint16_t d;
  uint8_t qs[16];
};
struct BlockQ2_0 {
  uint16_t d;
  uint8_t qs[16];
};

static_assert(sizeof(BlockQ4_0) == 18);
static_assert(sizeof(BlockQ4_1) == 20);
static_assert(sizeof(BlockQ5_0) == 22);
static_assert(sizeof(BlockQ5_1) == 24);
static_assert(sizeof(BlockQ8_0) == 34);
static_assert(sizeof(BlockQ2_K) == 84);
static_assert(sizeof(BlockQ3_K) == 110);
static_assert(sizeof(BlockQ4_K) == 144);
static_assert(sizeof(BlockQ5_K) == 176);
static_assert(sizeof(BlockQ6_K) == 210);
static_assert(sizeof(BlockIQ1_S) == 50);
static_assert(sizeof(BlockIQ1_M) == 56);
static_assert(sizeof(BlockIQ2_XXS) == 66);
static_assert(sizeof(BlockIQ2_XS) == 74);
static_assert(sizeof(BlockIQ2_S) == 82);
static_assert(sizeof(BlockIQ3_XXS) == 98);
static_assert(sizeof(BlockIQ3_S) == 110);
static_assert(sizeof(BlockIQ4_NL) == 18);
static_assert(sizeof(BlockIQ4_XS) == 136);
static_assert(sizeof(BlockTQ1_0) == 54);
static_assert(sizeof(BlockTQ2_0) == 66);
static_assert(sizeof(BlockMXFP4) == 17);
static_assert(sizeof(BlockNVFP4) == 36);
static_assert(sizeof(BlockQ1_0) == 18);
static_assert(sizeof(BlockQ2_0) == 18);

/** Every type: X(name, number in the file (ggml_type), elements of a block). */
#define HF2GGUF_FLOAT_TYPES(X) X(F32, 0, 1) X(F16, 1, 1) X(BF16, 30, 1)
#define HF2GGUF_BLOCK_TYPES(X)                                                                              \
  X(Q4_0, 2, 32) X(Q4_1, 3, 32) X(Q5_0, 6, 32) X(Q5_1, 7, 32) X(Q8_0, 8, 32)                                \
  X(Q2_K, 10, 256) X(Q3_K, 11, 256) X(Q4_K, 12, 256) X(Q5_K, 13, 256) X(Q6_K, 14, 256)                      \
  X(IQ1_S, 19, 256) X(IQ1_M, 29, 256) X(IQ2_XXS, 16, 256) X(IQ2_XS, 17, 256) X(IQ2_S, 22, 256)              \
  X(IQ3_XXS, 18, 256) X(IQ3_S, 21, 256) X(IQ4_NL, 20, 32) X(IQ4_XS, 23, 256)                                \
  X(TQ1_0, 34, 256) X(TQ2_0, 35, 256) X(MXFP4, 39, 32) X(NVFP4, 40, 64) X(Q1_0, 41, 128) X(Q2_0, 42, 64)

/** Position in `TYPES` and in a target's tables of kernels. */
enum Type {
#define X(name, number, elements) name,
  HF2GGUF_FLOAT_TYPES(X) HF2GGUF_BLOCK_TYPES(X)
#undef X
      TYPE_COUNT
};

struct TypeInfo {
  int number;
  size_t elements, bytes;  // of a block
};

constexpr TypeInfo TYPES[TYPE_COUNT] = {
    {0, 1, 4},
    {1, 1, 2},
    {30, 1, 2},
#define X(name, number, elements) {number, elements, sizeof(Block##name)},
    HF2GGUF_BLOCK_TYPES(X)
#undef X
};

constexpr bool isFloat(Type type) { return type <= BF16; }

/** Types that cannot be made without weights. */
constexpr bool needsWeights(Type type) { return type == IQ1_S || type == IQ2_XXS || type == IQ2_XS; }

}  // namespace hf2gguf
