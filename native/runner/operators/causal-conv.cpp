// A convolution of each column over a token and the tokens before it.
#include <algorithm>

#include "../operators.h"
#include "../state.h"

namespace hf2gguf {
namespace {

/** The columns of a thread's part. */
constexpr size_t PART_COLUMNS = 256;

class CausalConv : public Operator {
 public:
  CausalConv(const OperatorSpec& spec, const Model& model)
      : CausalConv(spec, model, model.matrix(weightOf(spec, "weight", model))) {}

  void run(Model& model, const Batch& batch, size_t from) override {
    if (batch.past == 0) earlier_.clear();
    const Value &x = model.value(wholeInputs[0]), &y = model.value(output);
    model.pool().run((width_ + PART_COLUMNS - 1) / PART_COLUMNS, [&](size_t part, size_t) {
      const size_t column = part * PART_COLUMNS, count = std::min(PART_COLUMNS, width_ - column);
      for (size_t token = from; token < batch.count; ++token) {
        float* const to = y.row(token) + column;
        std::copy_n(start_.data() + column, count, to);
        for (size_t k = 0; k < kernel_; ++k) {
          const float *row = rowBefore(x, token, kernel_ - 1 - k) + column, *weights = &weights_[k * width_ + column];
          for (size_t i = 0; i < count; ++i) to[i] += weights[i] * row[i];
        }
      }
    });
    keep(x, batch.count);
  }

 private:
  CausalConv(const OperatorSpec& spec, const Model& model, const Weight& weight)
      : kernel_(weight.columns),
        width_(weight.rows),
        weights_(kernel_ * width_),
        start_(width_, 0.f),
        earlier_(kernel_, width_) {
    wholeInputs = {valueOf(spec, "input", model)};
    output = valueOf(spec, "output", model);
    require(output != wholeInputs[0], "causal-conv: the output cannot replace the input");
    require(model.width(wholeInputs[0]) == width_ && model.width(output) == width_,
            "causal-conv: the weight has not as many rows as the values are wide");
    std::vector<float> row(kernel_);
    for (size_t column = 0; column < width_; ++column) {
      weight.decode(column, 0, kernel_, row.data());
      for (size_t k = 0; k < kernel_; ++k) weights_[k * width_ + column] = row[k];
    }
    if (spec.has("bias")) start_ = model.vectorOf(weightOf(spec, "bias", model), width_);
  }

  /** The row of the input `distance` tokens before a token of the batch. */
  const float* rowBefore(const Value& x, size_t token, size_t distance) const {
    return token >= distance ? x.row(token - distance) : earlier_.at((kernel_ - 1 - (distance - token)) * width_);
  }

  /** Keeps the last rows for the next batch. */
  void keep(const Value& x, size_t count) {
    const size_t rows = kernel_ - 1, fresh = std::min(rows, count);
    if (fresh == 0) return;
    std::copy(earlier_.at(fresh * width_), earlier_.at(rows * width_), earlier_.at(0));
    std::copy_n(x.row(count - fresh), fresh * width_, earlier_.at((rows - fresh) * width_));
  }

  size_t kernel_, width_;
  std::vector<float> weights_;  // (kernel, width)
  std::vector<float> start_;    // the bias, or zeros
  State earlier_;               // the kernel - 1 rows before the batch, the last one last; room for one more
};

}  // namespace

std::unique_ptr<Operator> makeCausalConv(const OperatorSpec& spec, const Model& model) {
  return std::make_unique<CausalConv>(spec, model);
}

}  // namespace hf2gguf
