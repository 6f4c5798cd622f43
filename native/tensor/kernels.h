// What an instruction set provides to expressions over tensors: a table of plain functions over pointers, which may be
// unaligned. Source and target of a call do not overlap. No kernel keeps state; the callers check sizes.
#pragma once
#include "dtypes.h"
#include "layout.h"

namespace hf2gguf {

enum class BinaryOp { ADD, SUB, MUL, DIV };
enum class UnaryOp { NEG, SQRT, EXP, SOFTPLUS };

/** Their names in src/tensor/kernels.ts, in the same order. */
constexpr const char* BINARY_OPS[] = {"add", "sub", "mul", "div"};
constexpr const char* UNARY_OPS[] = {"neg", "sqrt", "exp", "softplus"};

struct TensorKernels {
  /** Every piece of the layout. The pointers are to the first element of either side. */
  void (*copy)(const Layout& layout, const uint8_t* source, uint8_t* target);
  /**
   * `count` elements of one type as another: F32, F16 or BF16 (rounded to nearest even, through F32), or I64, I32 or I8.
   * @returns false, with the target half-written, if a value is not one of the integer type's.
   */
  bool (*cast)(const uint8_t* source, DType from, uint8_t* target, DType to, size_t count);
  /** left op right, of F32 or F16 elements; F16 ones are computed in float32. `right` has `count` elements or one. */
  void (*binary)(BinaryOp op, DType dtype, const uint8_t* left, const uint8_t* right, size_t rightCount,
                 uint8_t* target, size_t count);
  /** The function of F32 or F16 elements; F16 ones are computed in float32. */
  void (*unary)(UnaryOp op, DType dtype, const uint8_t* source, uint8_t* target, size_t count);
  /** `count` codes of `bits` (1 to 8) bits, packed without gaps from the lowest bit of the first byte on, to bytes. */
  void (*unpack)(const uint8_t* source, size_t bits, uint8_t* target, size_t count);
  /** ggml's blocks from codes of 4 bits, two a byte in the elements' order, and scales: 1 a block, 4 a block. */
  void (*repackMXFP4)(const uint8_t* codes, const uint8_t* scales, uint8_t* target, size_t blocks);
  void (*repackNVFP4)(const uint8_t* codes, const uint8_t* scales, uint8_t* target, size_t blocks);
  /** Elements of `bytes`, one for each index; the indices are in range. */
  void (*gather)(const uint8_t* source, size_t bytes, const int32_t* indices, uint8_t* target, size_t count);
};

// Each is kernels/table.cpp, compiled with that instruction set's flags.
namespace scalar {
extern const TensorKernels tensorKernels;
}
namespace avx2 {
extern const TensorKernels tensorKernels;
}
namespace avx512 {
extern const TensorKernels tensorKernels;
}
namespace neon {
extern const TensorKernels tensorKernels;
}

/** Those of a target of the quantizer's `availableTargets`; null for another name. */
const TensorKernels* tensorKernelsOf(const char* target);

}  // namespace hf2gguf
