#include "operators.h"

namespace hf2gguf {
namespace {

constexpr struct {
  const char* name;
  std::unique_ptr<Operator> (*make)(const OperatorSpec&, const Model&);
} OPERATORS[] = {
    {"embed", makeEmbed},
    {"rms-norm", makeRmsNorm},
    {"mat-mul", makeMatMul},
    {"rope", makeRope},
    {"attention", makeAttention},
    {"add", makeAdd},
    {"gated-silu", makeGatedSilu},
    {"scale-by-position", makeScaleByPosition},
};

}  // namespace

std::unique_ptr<Operator> makeOperator(const OperatorSpec& spec, const Model& model) {
  for (const auto& [name, make] : OPERATORS) {
    if (spec.name == name) return make(spec, model);
  }
  throw std::invalid_argument("there is no operator " + spec.name);
}

size_t valueOf(const OperatorSpec& spec, const char* key, const Model& model) {
  return spec.index(key, model.valueCount());
}

size_t weightOf(const OperatorSpec& spec, const char* key, const Model& model) {
  return spec.index(key, model.weightCount());
}

}  // namespace hf2gguf
