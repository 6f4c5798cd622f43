// The operators. A further one is a file in operators/, its function here, and its line in the table of operators.cpp.
#pragma once
#include <memory>

#include "model.h"

namespace hf2gguf {

/** Throws std::invalid_argument for an unknown operator, or where sizes do not agree. */
std::unique_ptr<Operator> makeOperator(const OperatorSpec& spec, const Model& model);

std::unique_ptr<Operator> makeEmbed(const OperatorSpec& spec, const Model& model);
std::unique_ptr<Operator> makeRmsNorm(const OperatorSpec& spec, const Model& model);
std::unique_ptr<Operator> makeMatMul(const OperatorSpec& spec, const Model& model);
std::unique_ptr<Operator> makeRope(const OperatorSpec& spec, const Model& model);
std::unique_ptr<Operator> makeAttention(const OperatorSpec& spec, const Model& model);
std::unique_ptr<Operator> makeAdd(const OperatorSpec& spec, const Model& model);
std::unique_ptr<Operator> makeGatedSilu(const OperatorSpec& spec, const Model& model);
std::unique_ptr<Operator> makeScaleByPosition(const OperatorSpec& spec, const Model& model);

/** The value or weight that an operator's number names. */
size_t valueOf(const OperatorSpec& spec, const char* key, const Model& model);
size_t weightOf(const OperatorSpec& spec, const char* key, const Model& model);

/** Calls `part(token, thread)` for rows `from` ... `count - 1`, some at a time on each thread. */
template <class Part>
void eachToken(Model& model, size_t from, size_t count, Part part) {
  constexpr size_t TOGETHER = 16;
  model.pool().run((count - from + TOGETHER - 1) / TOGETHER, [&](size_t group, size_t thread) {
    const size_t start = from + group * TOGETHER, end = start + TOGETHER < count ? start + TOGETHER : count;
    for (size_t token = start; token < end; ++token) part(token, thread);
  });
}

}  // namespace hf2gguf
