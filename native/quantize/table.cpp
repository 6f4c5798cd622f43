// A target's table, compiled once for each instruction set with its name (see CMakeLists.txt).
#include "families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

const Kernels kernels = {
    .allFinite = allFinite,
#define X(name, number, elements) quantize##name,
    .quantize = {HF2GGUF_FLOAT_TYPES(X) HF2GGUF_BLOCK_TYPES(X)},
#undef X
#define X(name, number, elements) dequantize##name,
    .dequantize = {HF2GGUF_FLOAT_TYPES(X) HF2GGUF_BLOCK_TYPES(X)},
#undef X
};

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
