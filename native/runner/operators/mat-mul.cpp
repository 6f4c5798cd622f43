// Tokens times a weight matrix. A tile of the weight, some panels of rows times a stretch of columns, is decoded and
// packed once, stays in the cache, and is multiplied with all tokens.
#include "../operators.h"
#include "../product.h"

namespace hf2gguf {
namespace {

struct Tile {
  size_t panels, stretch;  // columns: a multiple of all block sizes
};
/** Panels of 32 rows: 128 KiB. */
constexpr Tile TILE = {4, 256};
/** For a few tokens reading is what takes time: rows as a whole, one after the other. */
constexpr Tile LONG_TILE = {1, 2048};
constexpr size_t FEW_TOKENS = 4;
enum Scratch { DECODED, PANELS };

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
    start_.assign(weight_.rows + model.kernels().columns, 0.f);
    if (!spec.has("bias")) return;
    const std::vector<float> bias = model.vectorOf(weightOf(spec, "bias", model), weight_.rows);
    std::copy(bias.begin(), bias.end(), start_.begin());
  }

  void run(Model& model, const Batch& batch, size_t from) override {
    if (Activations* activations = model.activationsOf(index_)) gather(model, batch, *activations);
    if (from == batch.count) return;
    const RunnerKernels& kernels = model.kernels();
    const Value& input = model.value(inputs[0]);
    const size_t tokens = batch.count - from, blocks = partsOf(tokens, kernels.tokens);
    packed_ = model.common(tokens * weight_.columns);
    model.pool().run(blocks, [&](size_t block, size_t) {
      const size_t first = block * kernels.tokens, count = std::min(kernels.tokens, tokens - first);
      const auto row = [&](size_t t) { return input.row(from + first + t); };
      packTokens(row, count, weight_.columns, packed_ + first * weight_.columns);
    });
    // Tiles of rows; where there are fewer than threads, each is decoded by several of them for some of the tokens.
    const size_t threads = model.pool().threads(), panels = partsOf(weight_.rows, kernels.columns);
    Tile tile = tokens <= FEW_TOKENS ? LONG_TILE : TILE;
    tile.panels = std::clamp(panels / threads, size_t(1), tile.panels);
    const size_t tiles = partsOf(panels, tile.panels);
    const size_t shares = std::min(blocks, partsOf(threads, tiles)), share = partsOf(blocks, shares);
    model.pool().run(tiles * shares, [&](size_t part, size_t thread) {
      const size_t firstToken = part % shares * share * kernels.tokens;
      if (firstToken >= tokens) return;
      const size_t endToken = std::min(tokens, firstToken + share * kernels.tokens);
      const size_t firstPanel = part / shares * tile.panels, endPanel = std::min(panels, firstPanel + tile.panels);
      runTile(model, thread, {firstPanel, endPanel}, tile.stretch, {firstToken, endToken}, from);
    });
  }

 private:
  struct Range {
    size_t first, end;
  };

  void runTile(Model& model, size_t thread, Range panels, size_t stretch, Range tokens, size_t from) const {
    const RunnerKernels& kernels = model.kernels();
    const size_t panelFloats = std::min(stretch, weight_.columns) * kernels.columns;
    float* tile = model.scratch(thread, PANELS, (panels.end - panels.first) * panelFloats);
    const Value& result = model.value(output);
    for (size_t column = 0; column < weight_.columns; column += stretch) {
      const size_t depth = std::min(stretch, weight_.columns - column);
      for (size_t panel = panels.first; panel < panels.end; ++panel) {
        packPanel(model, thread, panel, column, depth, tile + (panel - panels.first) * panelFloats);
      }
      for (size_t token = tokens.first; token < tokens.end; token += kernels.tokens) {
        const size_t count = std::min(kernels.tokens, tokens.end - token);
        const float* input = packed_ + token * weight_.columns + column * count;
        for (size_t panel = panels.first; panel < panels.end; ++panel) {
          const size_t first = panel * kernels.columns;
          float* const to = result.row(from + token) + first;
          multiplyColumns(kernels, std::min(kernels.columns, weight_.rows - first),
                          {.tokens = count,
                           .depth = depth,
                           .input = input,
                           .panel = tile + (panel - panels.first) * panelFloats,
                           .panelStride = kernels.columns,
                           .start = column == 0 ? start_.data() + first : to,
                           .startStride = column == 0 ? 0 : result.width,
                           .output = to,
                           .outputStride = result.width});
        }
      }
    }
  }

  /** `depth` columns of a panel's rows, decoded and packed. */
  void packPanel(Model& model, size_t thread, size_t panel, size_t column, size_t depth, float* packed) const {
    const RunnerKernels& kernels = model.kernels();
    const size_t first = panel * kernels.columns, count = std::min(kernels.columns, weight_.rows - first);
    if (weight_.type == F32) {
      const uint8_t* rows = weight_.bytes + (first * weight_.columns + column) * sizeof(float);
      return kernels.packPanel(rows, weight_.columns, count, depth, packed);
    }
    float* decoded = model.scratch(thread, DECODED, count * depth);
    for (size_t row = 0; row < count; ++row) weight_.decode(first + row, column, depth, decoded + row * depth);
    kernels.packPanel(decoded, depth, count, depth, packed);
  }

  void gather(Model& model, const Batch& batch, Activations& activations) {
    const Value& input = model.value(inputs[0]);
    model.pool().run(partsOf(input.width, TILE.stretch), [&](size_t part, size_t) {
      const size_t column = part * TILE.stretch, count = std::min(TILE.stretch, input.width - column);
      for (size_t token = 0; token < batch.count; ++token) {
        model.kernels().addSquares(input.row(token) + column, count, activations.sums.data() + column);
      }
    });
    activations.count += float(batch.count);
  }

  size_t index_;
  Weight weight_;
  std::vector<float> start_;  // the bias, or zeros, and a panel more
  float* packed_ = nullptr;   // the input: blocks of (columns, tokens)
};

}  // namespace

std::unique_ptr<Operator> makeMatMul(const OperatorSpec& spec, const Model& model) {
  return std::make_unique<MatMul>(spec, model);
}

}  // namespace hf2gguf
