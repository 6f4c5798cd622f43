#include "operators.h"

namespace hf2gguf {

std::unique_ptr<Operator> makeOperator(const OperatorSpec& spec, const Model& model) {
#define HF2GGUF_MAKE(NAME, MAKE) \
  if (spec.name == NAME) return MAKE(spec, model);
  HF2GGUF_OPERATORS(HF2GGUF_MAKE)
#undef HF2GGUF_MAKE
  throw std::invalid_argument("there is no operator " + spec.name);
}

size_t valueOf(const OperatorSpec& spec, const char* key, const Model& model) {
  return spec.index(key, model.valueCount());
}

size_t weightOf(const OperatorSpec& spec, const char* key, const Model& model) {
  return spec.index(key, model.weightCount());
}

}  // namespace hf2gguf
