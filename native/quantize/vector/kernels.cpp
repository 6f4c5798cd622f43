// A vector target: compiled once for each instruction set, with its name, lanes and flags (see CMakeLists.txt).
#include "../kernels.h"

#include "floats.h"
#include "groups.h"
#include "k-quants.h"
#include "legacy.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

const Kernels kernels = {
    .widen = {widenF32, widenHalf<fromHalf>, widenHalf<fromBfloat>},
    .allFinite = allFinite,
    .quantize = {quantizeF32, quantizeHalf<toHalf>, quantizeHalf<toBfloat>,
                 inGroups<BlockQ4_0, 32, LANES, quantizeQ4_0>, inGroups<BlockQ5_0, 32, LANES, quantizeQ5_0>,
                 inGroups<BlockQ5_1, 32, LANES, quantizeQ5_1>, inGroups<BlockQ8_0, 32, LANES, quantizeQ8_0>,
                 inGroups<BlockQ4_K, 256, LANES / 8, quantizeAffine<SEARCH_Q4_K>>,
                 inGroups<BlockQ5_K, 256, LANES / 8, quantizeAffine<SEARCH_Q5_K>>,
                 inGroups<BlockQ6_K, 256, LANES / 16, quantizeQ6_K>},
};

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
