// The kernels of expressions over tensors, as a table of functions for each instruction set. Pointers may be unaligned.
// The source and the target of a call do not overlap. Kernels keep no state, and their callers check sizes.
#pragma once
#include "dtypes.h"
#include "layout.h"

namespace hf2gguf {

enum class BinaryOp { ADD, SUB, MUL, DIV };
enum class UnaryOp { NEG, SQRT, EXP, SOFTPLUS, TERNARY };

/** The names in src/tensor/kernels.ts, in the same order. */
constexpr const char* BINARY_OPS[] = {"add", "sub", "mul", "div"};
constexpr const char* UNARY_OPS[] = {"neg", "sqrt", "exp", "softplus", "ternary"};

/** The steps of a formula, in the order of FORMULA_KINDS. Those before BINARY put elements on a stack, the others compute there. */
enum class FormulaKind { VALUES, PICKED, CODES, LOOKUP, NUMBER, BINARY, UNARY, ROUND };
/** The names in src/tensor/kernels.ts, in the same order. */
constexpr const char* FORMULA_KINDS[] = {"values", "picked", "codes", "lookup", "number", "binary", "unary", "round"};
/** The most elements that may be on the stack at once. */
constexpr size_t FORMULA_DEPTH = 6;

/** Some of the codes that lie packed without gaps from the lowest bit of the first of `bytes` bytes on. */
struct CodesView {
  /** Of a code. */
  size_t bits;
  size_t bytes;
  /** The number of the first code, and the axes, outermost first, whose strides count codes. There is at least one. */
  size_t first;
  size_t axisCount;
  struct {
    size_t size, stride;
  } axes[MAX_AXES];
};

struct FormulaStep {
  FormulaKind kind;
  /** VALUES, PICKED: that of the elements. ROUND: F16 or BF16. */
  DType dtype;
  /** BINARY, UNARY: which. */
  size_t operation;
  const uint8_t* data;
  /** VALUES: each element stands `run` times, and then each group of `inner` elements `repeat` times. */
  size_t inner, repeat, run;
  /** PICKED: the elements of each group of `inner`, by their numbers, `columns` of them. */
  const int32_t* index;
  size_t columns;
  CodesView codes;
  /** LOOKUP: 256 rows of `width` float32; each byte of `data` is the number of one. A CHUNK has whole rows. */
  const uint8_t* table;
  size_t width;
  float number;
};

struct TensorKernels {
  /** Copies every piece of the layout. The pointers are to the first element on either side. */
  void (*copy)(const Layout& layout, const uint8_t* source, uint8_t* target);
  /**
   * Casts `count` elements: to F32, F16 or BF16 (rounded to nearest even, by way of F32), or to I64, I32 or I8.
   * @returns false if the integer type does not have a value; the target is then half-written.
   */
  bool (*cast)(const uint8_t* source, DType from, uint8_t* target, DType to, size_t count);
  /**
   * Computes left op right for F32 or F16 elements. F16 elements are computed in float32. `right` has `count` elements
   * or one.
   */
  void (*binary)(BinaryOp op, DType dtype, const uint8_t* left, const uint8_t* right, size_t rightCount,
                 uint8_t* target, size_t count);
  /** Computes a function of F32 or F16 elements. F16 elements are computed in float32. */
  void (*unary)(UnaryOp op, DType dtype, const uint8_t* source, uint8_t* target, size_t count);
  /**
   * Computes `count` elements of F32, F16 or BF16 in float32, and rounds them once at the end, and where a step says so.
   * The steps leave one element on the stack.
   */
  void (*formula)(const FormulaStep* steps, size_t stepCount, DType to, uint8_t* target, size_t count);
  /**
   * Unpacks `count` codes of 1 to 8 bits to bytes. They are packed without gaps from the lowest bit of the first byte
   * on.
   */
  void (*unpack)(const uint8_t* source, size_t bits, uint8_t* target, size_t count);
  /**
   * Makes blocks of ggml. `codes` has two codes of 4 bits in a byte, in the order of the elements. `scales` has 1 scale
   * for a block of MXFP4, and 4 for a block of NVFP4.
   */
  void (*repackMXFP4)(const uint8_t* codes, const uint8_t* scales, uint8_t* target, size_t blocks);
  void (*repackNVFP4)(const uint8_t* codes, const uint8_t* scales, uint8_t* target, size_t blocks);
  /** Copies one element of `bytes` bytes for each index. The indices are in range. */
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

/** The kernels of a target in the quantizer's `availableTargets`; null for another name. */
const TensorKernels* tensorKernelsOf(const char* target);

}  // namespace hf2gguf
