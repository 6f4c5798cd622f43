// A target's table, compiled once for each instruction set with its name (see CMakeLists.txt).
#include "families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

const TensorKernels tensorKernels = {
    .copy = copy,
    .cast = cast,
    .binary = binary,
    .unary = unary,
    .formula = formula,
    .unpack = unpack,
    .repackMXFP4 = repackMXFP4,
    .repackNVFP4 = repackNVFP4,
    .gather = gather,
};

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
