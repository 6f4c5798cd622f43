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
struct BlockQ5_0 {
  uint16_t d;
  uint8_t qh[4];  // bit j: fifth bit of element j
  uint8_t qs[16];
};
struct BlockQ5_1 {
  uint16_t d, m;  // scale, minimum
  uint8_t qh[4];
  uint8_t qs[16];
};
struct BlockQ8_0 {
  uint16_t d;
  int8_t qs[32];
};
struct BlockQ4_K {
  uint16_t d, dmin;    // scales of the scales and of the minimums
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

static_assert(sizeof(BlockQ4_0) == 18);
static_assert(sizeof(BlockQ5_0) == 22);
static_assert(sizeof(BlockQ5_1) == 24);
static_assert(sizeof(BlockQ8_0) == 34);
static_assert(sizeof(BlockQ4_K) == 144);
static_assert(sizeof(BlockQ5_K) == 176);
static_assert(sizeof(BlockQ6_K) == 210);

/** Position in `TYPES` and in a target's table of kernels. */
enum Type { F32, F16, BF16, Q4_0, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, TYPE_COUNT };

struct TypeInfo {
  int number;              // in the file (ggml_type)
  size_t elements, bytes;  // of a block
  size_t halves;           // 16-bit floats in a block that must be finite: its scales, or the value
  size_t halvesOffset;     // where the first of them is
};

constexpr TypeInfo TYPES[TYPE_COUNT] = {
    {0, 1, 4, 0, 0},
    {1, 1, 2, 1, 0},
    {30, 1, 2, 1, 0},
    {2, 32, sizeof(BlockQ4_0), 1, offsetof(BlockQ4_0, d)},
    {6, 32, sizeof(BlockQ5_0), 1, offsetof(BlockQ5_0, d)},
    {7, 32, sizeof(BlockQ5_1), 2, offsetof(BlockQ5_1, d)},
    {8, 32, sizeof(BlockQ8_0), 1, offsetof(BlockQ8_0, d)},
    {12, 256, sizeof(BlockQ4_K), 2, offsetof(BlockQ4_K, d)},
    {13, 256, sizeof(BlockQ5_K), 2, offsetof(BlockQ5_K, d)},
    {14, 256, sizeof(BlockQ6_K), 1, offsetof(BlockQ6_K, d)},
};

/** The floating-point types a source can have come first, so that they index tables of their own. */
constexpr int FLOAT_TYPES = 3;
constexpr bool isFloat(Type type) { return type < FLOAT_TYPES; }

}  // namespace hf2gguf
