// Whether blocks hold numbers: what ggml_validate_row_data of llama.cpp v0.5.0 asks of them.
#pragma once
#include "types.h"

namespace hf2gguf {

/** Index of the first block of `count` with a scale (or a value, in F32, F16 and BF16) that is NaN or infinite, or `count`. */
size_t firstInvalidBlock(Type type, const uint8_t* blocks, size_t count);

}  // namespace hf2gguf
