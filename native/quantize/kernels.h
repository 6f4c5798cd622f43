// What an instruction set provides: tables of plain functions over pointers, one of each kind a type.
// Pointers to bytes may be unaligned. No kernel keeps state.
#pragma once
#include "types.h"

namespace hf2gguf {

/** Elements past the end of a row that weights go on for, from the row's start again: a kernel runs on into the next row. */
constexpr size_t WEIGHTS_PADDING = 32 * 256;

struct Kernels {
  /** Whether none of `count` values is NaN or infinite. */
  bool (*allFinite)(const float* x, size_t count);
  /**
   * Whole rows to the type's blocks. x: (rows, columns), y: (rows, columns / elements) blocks.
   * weights: how much the error of each column counts, (columns + WEIGHTS_PADDING), the same for every row; or null.
   */
  void (*quantize[TYPE_COUNT])(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns);
  /** `count` elements from the type's blocks to float32. */
  void (*dequantize[TYPE_COUNT])(const uint8_t* y, float* x, size_t count);
};

// Each is table.cpp, compiled with that instruction set's flags.
namespace scalar {
extern const Kernels kernels;
}
namespace avx2 {
extern const Kernels kernels;
}
namespace avx512 {
extern const Kernels kernels;
}
namespace neon {
extern const Kernels kernels;
}

}  // namespace hf2gguf
