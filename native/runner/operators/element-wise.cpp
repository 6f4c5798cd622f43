// Operators that compute each number from one value, or from two values of the same width.
#include <cmath>

#include "../operators.h"

namespace hf2gguf {
namespace {

class ElementWise : public Operator {
 public:
  typedef void (*RunnerKernels::*Kernel)(const float* left, const float* right, size_t count, float* y);

  ElementWise(const OperatorSpec& spec, const Model& model, const char* left, const char* right, Kernel kernel)
      : kernel_(kernel) {
    inputs = {valueOf(spec, left, model), valueOf(spec, right, model)};
    output = valueOf(spec, "output", model);
    for (const size_t input : inputs) {
      require(model.width(input) == model.width(output), "an element-wise operator's widths do not agree");
    }
  }

  void run(Model& model, const Batch& batch, size_t from) override {
    const Value &left = model.value(inputs[0]), &right = model.value(inputs[1]), &result = model.value(output);
    eachToken(model, from, batch.count, [&](size_t token, size_t) {
      (model.kernels().*kernel_)(left.row(token), right.row(token), result.width, result.row(token));
    });
  }

 private:
  Kernel kernel_;
};

class ScaleByPosition : public Operator {
 public:
  ScaleByPosition(const OperatorSpec& spec, const Model& model)
      : scale_(spec.real("scale")), floor_(spec.real("floor")), offset_(spec.real("offset")) {
    output = valueOf(spec, "value", model);
    inputs = {output};
  }

  void run(Model& model, const Batch& batch, size_t from) override {
    const Value& value = model.value(output);
    for (size_t token = from; token < batch.count; ++token) {
      const float position = float(batch.past + token);
      const float factor = 1 + scale_ * std::log(1 + std::floor((position + offset_) / floor_));
      for (size_t i = 0; i < value.width; ++i) value.row(token)[i] *= factor;
    }
  }

 private:
  float scale_, floor_, offset_;
};

}  // namespace

std::unique_ptr<Operator> makeAdd(const OperatorSpec& spec, const Model& model) {
  return std::make_unique<ElementWise>(spec, model, "left", "right", &RunnerKernels::add);
}
std::unique_ptr<Operator> makeGatedSilu(const OperatorSpec& spec, const Model& model) {
  return std::make_unique<ElementWise>(spec, model, "gate", "up", &RunnerKernels::gatedSilu);
}
std::unique_ptr<Operator> makeScaleByPosition(const OperatorSpec& spec, const Model& model) {
  return std::make_unique<ScaleByPosition>(spec, model);
}

}  // namespace hf2gguf
