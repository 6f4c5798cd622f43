// Tokens times a weight matrix. A tile of the weight, some rows times a stretch of columns, is decoded once, stays in
// the cache, and is multiplied with all tokens.
#include "../operators.h"

namespace hf2gguf {
namespace {

/** Columns of a stretch at most, and what they are a multiple of: all block sizes and lanes. */
constexpr size_t STRETCH = 768, STEP = 256;
/** Rows of a tile: 96 KiB. For a few tokens, whose products take less time than reading, they stay nearer. */
constexpr size_t TILE_ROWS = 32, FEW_TILE_ROWS = 4, FEW_TOKENS = 8;
/** Rows of a thread's part, and columns where activations are gathered. */
constexpr size_t PART_ROWS = 64, PART_COLUMNS = STEP;

size_t partsOf(size_t whole, size_t part) { return (whole + part - 1) / part; }

class MatMul : public Operator {
 public:
  MatMul(const OperatorSpec& spec, const Model& model)
      : index_(weightOf(spec, "weight", model)), weight_(model.weight(index_)) {
    inputs = {valueOf(spec, "input", model)};
    output = valueOf(spec, "output", model);
    collects = true;
    require(inputs[0] != output, "mat-mul: the output cannot replace the input");
    require(weight_.columns == model.width(inputs[0]), "mat-mul: the weight's rows are not as long as the input");
    require(weight_.rows == model.width(output), "mat-mul: the weight has not as many rows as the output is wide");
    stretch_ = partsOf(partsOf(weight_.columns, partsOf(weight_.columns, STRETCH)), STEP) * STEP;
    start_.assign(weight_.rows, 0.f);
    if (!spec.has("bias")) return;
    const std::vector<float> bias = model.vectorOf(weightOf(spec, "bias", model), weight_.rows);
    std::copy(bias.begin(), bias.end(), start_.begin());
  }

  void run(Model& model, const Batch& batch, size_t from) override {
    if (Activations* activations = model.activationsOf(index_)) gather(model, batch, *activations);
    if (from == batch.count) return;
    const RunnerKernels& kernels = model.kernels();
    const Value& input = model.value(inputs[0]);
    const size_t tokens = batch.count - from, together = kernels.rowTokens, blocks = partsOf(tokens, together);
    depth_ = partsOf(weight_.columns, kernels.lanes) * kernels.lanes;
    packed_ = model.common(tokens * depth_);
    model.pool().run(blocks, [&](size_t block, size_t) {
      const size_t first = block * together, count = std::min(together, tokens - first);
      kernels.packRows(input.row(from + first), input.width, count, weight_.columns, packed_ + first * depth_);
    });
    // Parts of rows; where there are fewer than threads, each is decoded by several of them for some of the tokens.
    const size_t threads = model.pool().threads();
    const size_t partRows = std::clamp(weight_.rows / threads, FEW_TILE_ROWS, PART_ROWS);
    const size_t parts = partsOf(weight_.rows, partRows);
    const size_t shares = std::min(blocks, partsOf(threads, parts)), share = partsOf(blocks, shares);
    model.pool().run(parts * shares, [&](size_t part, size_t thread) {
      const size_t firstToken = part % shares * share * together;
      if (firstToken >= tokens) return;
      const size_t firstRow = part / shares * partRows;
      runPart(model, thread, {firstRow, std::min(weight_.rows, firstRow + partRows)},
              {firstToken, std::min(tokens, firstToken + share * together)}, from);
    });
  }

 private:
  struct Range {
    size_t first, end;
  };

  void runPart(Model& model, size_t thread, Range rows, Range tokens, size_t from) const {
    const RunnerKernels& kernels = model.kernels();
    const bool few = tokens.end - tokens.first <= FEW_TOKENS;
    const size_t tileRows = few ? FEW_TILE_ROWS : TILE_ROWS;
    const Value& result = model.value(output);
    for (size_t row = rows.first; row < rows.end; row += tileRows) {
      const size_t count = std::min(tileRows, rows.end - row);
      for (size_t column = 0; column < weight_.columns; column += stretch_) {
        const size_t depth = std::min(stretch_, depth_ - column);
        const Tile tile = decode(model, thread, row, count, column, few);
        for (size_t token = tokens.first; token < tokens.end; token += kernels.rowTokens) {
          const size_t together = std::min(kernels.rowTokens, tokens.end - token);
          float* const to = result.row(from + token) + row;
          kernels.multiplyRows({.tokens = together,
                                .rows = count,
                                .depth = depth,
                                .input = packed_ + token * depth_ + column * together,
                                .weight = tile.rows,
                                .weightStride = tile.stride,
                                .kind = tile.kind,
                                .start = column == 0 ? start_.data() + row : to,
                                .startStride = column == 0 ? 0 : result.width,
                                .output = to,
                                .outputStride = result.width});
        }
      }
    }
  }

  struct Tile {
    const void* rows;
    size_t stride;
    RowKind kind;
  };

  /** A stretch of rows, with zeros up to whole lanes. What needs no decoding is used where it is, if not often. */
  Tile decode(Model& model, size_t thread, size_t row, size_t count, size_t column, bool few) const {
    if (few && (weight_.type == F32 || weight_.type == BF16) && weight_.columns == depth_) {
      const uint8_t* rows = weight_.bytes + (row * depth_ + column) * TYPES[weight_.type].bytes;
      return {rows, depth_, weight_.type == F32 ? RowKind::F32 : RowKind::BF16};
    }
    float* tile = model.scratch(thread, 0, count * stretch_);
    const size_t depth = std::min(stretch_, weight_.columns - column), padded = std::min(stretch_, depth_ - column);
    for (size_t i = 0; i < count; ++i) {
      weight_.decode(row + i, column, depth, tile + i * padded);
      std::fill(tile + i * padded + depth, tile + (i + 1) * padded, 0.f);
    }
    return {tile, padded, RowKind::DECODED};
  }

  void gather(Model& model, const Batch& batch, Activations& activations) {
    const Value& input = model.value(inputs[0]);
    model.pool().run(partsOf(input.width, PART_COLUMNS), [&](size_t part, size_t) {
      const size_t column = part * PART_COLUMNS, count = std::min(PART_COLUMNS, input.width - column);
      for (size_t token = 0; token < batch.count; ++token) {
        model.kernels().addSquares(input.row(token) + column, count, activations.sums.data() + column);
      }
    });
    activations.count += float(batch.count);
  }

  size_t index_;
  Weight weight_;
  size_t stretch_;            // columns that are summed in one go, whatever the number of tokens
  std::vector<float> start_;  // the bias, or zeros
  size_t depth_ = 0;          // columns, up to whole lanes
  float* packed_ = nullptr;   // the input: blocks of some tokens
};

}  // namespace

std::unique_ptr<Operator> makeMatMul(const OperatorSpec& spec, const Model& model) {
  return std::make_unique<MatMul>(spec, model);
}

}  // namespace hf2gguf
