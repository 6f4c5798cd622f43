// What an instruction set provides: one table of plain functions over pointers.
// Pointers to bytes may be unaligned. No kernel keeps state.
#pragma once
#include "types.h"

namespace hf2gguf {

struct Kernels {
  /** `count` elements of a floating-point type (F32, F16, BF16) to float32. */
  void (*widen[FLOAT_TYPES])(const uint8_t* source, float* x, size_t count);
  /** Whether none of `count` values is NaN or infinite. */
  bool (*allFinite)(const float* x, size_t count);
  /** Whole rows to the type's blocks. x: (rows, columns), y: (rows, columns / elements) blocks. */
  void (*quantize[TYPE_COUNT])(const float* x, uint8_t* y, size_t rows, size_t columns);
};

// Each is defined by kernels.cpp of scalar/ or vector/, compiled with that instruction set's flags.
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
