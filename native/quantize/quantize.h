// Rows of a tensor from the bytes of a checkpoint to the bytes of a GGUF file, a few rows at a time.
#pragma once
#include "kernels.h"

namespace hf2gguf {

/** Sizes are the caller's duty: `source` holds rows * columns elements, `target` as many in blocks of `type`. */
struct Job {
  Type type;
  const uint8_t* source;
  Type sourceType;  // F32, F16 or BF16
  Type via;         // values are rounded to this first: F32 (not at all), F16 or BF16
  size_t rows, columns;
  uint8_t* target;
  bool refuseNonFinite;  // always so for quantized types
};

struct Fault {
  enum Kind {
    NONE,
    NON_FINITE,  // a value (after rounding to `via`) is NaN or infinite; rows from there on are not written
    OVERFLOW,    // a value or a block's scale is too large for what the type stores; everything is written
  } kind = NONE;
  size_t row = 0, column = 0;  // of the first
};

Fault quantizeRows(const Kernels& kernels, const Job& job);

}  // namespace hf2gguf
