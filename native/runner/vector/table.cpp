// A target's table, compiled once for each instruction set with its name (see CMakeLists.txt).
#include "families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

const RunnerKernels runnerKernels = {
    .columns = PANEL_COLUMNS,
    .tokens = PANEL_TOKENS,
    .multiply = multiply,
    .lanes = REGISTER,
    .rowTokens = ROW_TOKENS,
    .packRows = packRows,
    .multiplyRows = multiplyRows,
    .rmsNorm = rmsNorm,
    .softmax = softmax,
    .gatedSilu = gatedSilu,
    .add = add,
    .addSquares = addSquares,
    .exponentials = exponentials,
    .weightedDifference = weightedDifference,
};

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
