// The operators. A new operator needs a file in operators/ and a line in HF2GGUF_OPERATORS.
#pragma once
#include <memory>

#include "model.h"

namespace hf2gguf {

/** Makes an operator. Throws std::invalid_argument if it is unknown, or if sizes do not agree. */
std::unique_ptr<Operator> makeOperator(const OperatorSpec& spec, const Model& model);

/** The name of each operator, and the function that makes it. */
#define HF2GGUF_OPERATORS(EACH)               \
  EACH("embed", makeEmbed)                    \
  EACH("rms-norm", makeRmsNorm)               \
  EACH("mat-mul", makeMatMul)                 \
  EACH("mat-mul-experts", makeMatMulExperts)  \
  EACH("causal-conv", makeCausalConv)         \
  EACH("rope", makeRope)                      \
  EACH("attention", makeAttention)            \
  EACH("add", makeAdd)                        \
  EACH("gated-silu", makeGatedSilu)           \
  EACH("scale-by-position", makeScaleByPosition)

#define HF2GGUF_DECLARE(NAME, MAKE) std::unique_ptr<Operator> MAKE(const OperatorSpec& spec, const Model& model);
HF2GGUF_OPERATORS(HF2GGUF_DECLARE)
#undef HF2GGUF_DECLARE

/** The index of a value or weight, which an operator's number gives. */
size_t valueOf(const OperatorSpec& spec, const char* key, const Model& model);
size_t weightOf(const OperatorSpec& spec, const char* key, const Model& model);

/** Calls `part(token, thread)` for the rows `from` ... `count - 1`. Each thread takes several at a time. */
template <class Part>
void eachToken(Model& model, size_t from, size_t count, Part part) {
  constexpr size_t TOGETHER = 16;
  model.pool().run((count - from + TOGETHER - 1) / TOGETHER, [&](size_t group, size_t thread) {
    const size_t start = from + group * TOGETHER, end = start + TOGETHER < count ? start + TOGETHER : count;
    for (size_t token = start; token < end; ++token) part(token, thread);
  });
}

}  // namespace hf2gguf
