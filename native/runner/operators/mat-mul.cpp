// Multiplies tokens with a weight matrix.
#include <algorithm>

#include "../operators.h"
#include "row-tiles.h"

namespace hf2gguf {
namespace {

/** The fewest rows that a thread takes. */
constexpr size_t LEAST_ROWS = 4;

class MatMul : public Operator {
 public:
  MatMul(const OperatorSpec& spec, const Model& model)
      : index_(weightOf(spec, "weight", model)), weight_(model.matrix(index_)), tiles_(weight_, model) {
    inputs = {valueOf(spec, "input", model)};
    output = valueOf(spec, "output", model);
    collects = true;
    require(inputs[0] != output, "mat-mul: the output cannot replace the input");
    require(weight_.columns == model.width(inputs[0]), "mat-mul: the weight's rows are not as long as the input");
    require(weight_.rows == model.width(output), "mat-mul: the weight has not as many rows as the output is wide");
    start_.assign(weight_.rows, 0.f);
    if (spec.has("bias")) start_ = model.vectorOf(weightOf(spec, "bias", model), weight_.rows);
  }

  void run(Model& model, const Batch& batch, size_t from) override {
    if (Activations* activations = model.activationsOf(index_)) gather(model, batch, *activations);
    if (from == batch.count) return;
    const RunnerKernels& kernels = model.kernels();
    const Value &input = model.value(inputs[0]), &result = model.value(output);
    const size_t tokens = batch.count - from, together = kernels.rowTokens, blocks = partsOf(tokens, together);
    const size_t depth = tiles_.depth();
    float* const packed = model.common(tokens * depth);
    model.pool().run(blocks, [&](size_t block, size_t) {
      const size_t first = block * together, count = std::min(together, tokens - first);
      kernels.packRows(input.row(from + first), input.width, count, weight_.columns, packed + first * depth);
    });
    // Work is divided into parts of rows. If there are fewer parts than threads, several threads decode the same part,
    // each for some of the tokens.
    const size_t threads = model.pool().threads();
    const size_t partRows = std::clamp(weight_.rows / threads, LEAST_ROWS, PART_ROWS);
    const size_t parts = partsOf(weight_.rows, partRows);
    const size_t shares = std::min(blocks, partsOf(threads, parts)), share = partsOf(blocks, shares);
    model.pool().run(parts * shares, [&](size_t part, size_t thread) {
      const size_t token = part % shares * share * together;
      if (token >= tokens) return;
      const size_t row = part / shares * partRows, end = std::min(tokens, token + share * together);
      tiles_.multiply(model, thread, {row, std::min(weight_.rows, row + partRows)}, packed + token * depth, end - token,
                      start_.data() + row, result.row(from + token) + row, result.width);
    });
  }

 private:
  void gather(Model& model, const Batch& batch, Activations& activations) {
    const Value& input = model.value(inputs[0]);
    model.pool().run(partsOf(input.width, PART_COLUMNS), [&](size_t part, size_t) {
      const size_t column = part * PART_COLUMNS, count = std::min(PART_COLUMNS, input.width - column);
      for (size_t token = 0; token < batch.count; ++token) {
        model.kernels().addSquares(input.row(token) + column, count, activations.sums.data() + column);
      }
    });
    activations.counts[0] += double(batch.count);
  }

  size_t index_;
  Weight weight_;
  RowTiles tiles_;
  std::vector<float> start_;  // the bias, or zeros
};

}  // namespace

std::unique_ptr<Operator> makeMatMul(const OperatorSpec& spec, const Model& model) {
  return std::make_unique<MatMul>(spec, model);
}

}  // namespace hf2gguf
