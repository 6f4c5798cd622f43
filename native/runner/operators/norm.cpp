#include "../operators.h"

namespace hf2gguf {
namespace {

class RmsNorm : public Operator {
 public:
  RmsNorm(const OperatorSpec& spec, const Model& model)
      : epsilon_(spec.real("epsilon")), groups_(spec.count("groups")) {
    inputs = {valueOf(spec, "input", model)};
    output = valueOf(spec, "output", model);
    const size_t width = model.width(output);
    require(model.width(inputs[0]) == width && width % groups_ == 0, "rms-norm: the widths do not agree");
    weight_ = model.vectorOf(weightOf(spec, "weight", model), width / groups_);
  }

  void run(Model& model, const Batch& batch, size_t from) override {
    const size_t width = weight_.size();
    eachToken(model, from, batch.count, [&](size_t token, size_t) {
      const float* x = model.value(inputs[0]).row(token);
      float* y = model.value(output).row(token);
      for (size_t group = 0; group < groups_; ++group) {
        model.kernels().rmsNorm(x + group * width, weight_.data(), epsilon_, width, y + group * width);
      }
    });
  }

 private:
  float epsilon_;
  size_t groups_;
  std::vector<float> weight_;
};

}  // namespace

std::unique_ptr<Operator> makeRmsNorm(const OperatorSpec& spec, const Model& model) {
  return std::make_unique<RmsNorm>(spec, model);
}

}  // namespace hf2gguf
