// Rows of a tensor from the bytes of a checkpoint or a GGUF file to the bytes of a GGUF file, a few rows at a time.
#pragma once
#include "kernels.h"

namespace hf2gguf {

/** How far what was written is from the source, summed over all elements. */
struct Errors {
  double squared = 0;        // of the differences
  double weighted = 0;       // the same, each times its column's weight (1 without weights)
  double sourceSquared = 0;  // of the source's values
  float largest = 0;         // difference, as a size
};

/** Sizes are the caller's duty: `source` holds rows * columns elements, `target` as many in blocks of `type`. */
struct Job {
  Type type;
  const uint8_t* source;
  Type sourceType;  // a block type is decoded first, or copied where `type` is the same
  Type via;         // values pass through this first: F32 (not at all), or any type that needs no weights
  size_t rows, columns;
  const float* weights;  // (columns), how much a column's error counts; or null
  uint8_t* target;
  bool refuseNonFinite;  // always so from and for quantized types
  Errors* errors;        // added to; or null
};

struct Fault {
  enum Kind {
    NONE,
    NON_FINITE,  // a value (after rounding to `via`), or a source block's scale, is NaN or infinite; where that is
                 // refused, rows from there on are not written
    OVERFLOW,    // a value or a block's scale is too large for what the type stores; everything is written
  } kind = NONE;
  size_t row = 0, column = 0;  // of the first
  bool isRefused = false;      // or else everything is written
};

Fault quantizeRows(const Kernels& kernels, const Job& job);

}  // namespace hf2gguf
