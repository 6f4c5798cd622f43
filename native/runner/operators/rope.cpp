// Rotary position embedding.
// Reference: ggml_rope_cache_init and rope_yarn (ops.cpp), ggml_rope_yarn_corr_dims (ggml.c) of llama.cpp v0.5.0.
#include <algorithm>
#include <cmath>

#include "../operators.h"

namespace hf2gguf {
namespace {

constexpr float PI = 3.14159265f;

struct Yarn {
  float extFactor = 0, attnFactor = 1, low = 0, high = 0;
};

class Rope : public Operator {
 public:
  Rope(const OperatorSpec& spec, const Model& model)
      : heads_(spec.count("heads")),
        dimensions_(spec.count("dimensions")),
        halves_(spec.real("halves") != 0),
        base_(spec.real("base")),
        scale_(spec.real("scale")) {
    output = valueOf(spec, "value", model);
    inputs = {output};
    require(model.width(output) % heads_ == 0 && dimensions_ % 2 == 0 && dimensions_ <= model.width(output) / heads_,
            "rope: a head has not the dimensions that turn");
    if (spec.has("factors")) factors_ = model.vectorOf(weightOf(spec, "factors", model), dimensions_ / 2);
    if (spec.has("extFactor")) readYarn(spec);
  }

  void run(Model& model, const Batch& batch, size_t from) override {
    const Value& value = model.value(output);
    const size_t head = value.width / heads_, half = dimensions_ / 2;
    eachToken(model, from, batch.count, [&](size_t token, size_t thread) {
      float* turns = model.scratch(thread, 0, dimensions_);
      computeTurns(float(batch.past + token), turns, turns + half);
      for (float *x = value.row(token), *end = x + value.width; x < end; x += head) turn(x, turns, turns + half);
    });
  }

 private:
  void readYarn(const OperatorSpec& spec) {
    const float context = spec.real("originalContext");
    const auto dimensionOf = [&](float rotations) {
      return float(dimensions_) * std::log(context / (rotations * 2 * PI)) / (2 * std::log(base_));
    };
    yarn_ = {.extFactor = spec.real("extFactor"),
             .attnFactor = spec.real("attnFactor"),
             .low = std::max(0.f, std::floor(dimensionOf(spec.real("betaFast")))),
             .high = std::min(float(dimensions_ - 1), std::ceil(dimensionOf(spec.real("betaSlow"))))};
  }

  /** Computes the cosine and sine of each pair at a position, times the attention factor. */
  void computeTurns(float position, float* cosines, float* sines) const {
    const float step = std::pow(base_, -2.f / float(dimensions_));
    float angle = position;
    for (size_t i = 0; i < dimensions_ / 2; ++i, angle *= step) {
      const float extrapolated = factors_.empty() ? angle : angle / factors_[i], interpolated = scale_ * extrapolated;
      float theta = interpolated, magnitude = yarn_.attnFactor;
      if (yarn_.extFactor != 0) {
        const float ramp = (float(i) - yarn_.low) / std::max(0.001f, yarn_.high - yarn_.low);
        const float mix = (1 - std::min(1.f, std::max(0.f, ramp))) * yarn_.extFactor;
        theta = interpolated * (1 - mix) + extrapolated * mix;
        magnitude *= 1 + 0.1f * std::log(1 / scale_);
      }
      cosines[i] = std::cos(theta) * magnitude;
      sines[i] = std::sin(theta) * magnitude;
    }
  }

  void turn(float* x, const float* cosines, const float* sines) const {
    const size_t half = dimensions_ / 2, step = halves_ ? 1 : 2, apart = halves_ ? half : 1;
    for (size_t i = 0; i < half; ++i, x += step) {
      const float first = x[0], second = x[apart];
      x[0] = first * cosines[i] - second * sines[i];
      x[apart] = first * sines[i] + second * cosines[i];
    }
  }

  size_t heads_, dimensions_;
  bool halves_;
  float base_, scale_;
  std::vector<float> factors_;  // of the frequencies, or none
  Yarn yarn_;
};

}  // namespace

std::unique_ptr<Operator> makeRope(const OperatorSpec& spec, const Model& model) {
  return std::make_unique<Rope>(spec, model);
}

}  // namespace hf2gguf
