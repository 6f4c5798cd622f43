// Causal attention with grouped heads. Both of its products use panels. Keys are kept as panels of positions. The rows
// of values are positions, so they are panels already.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "../operators.h"
#include "../state.h"

namespace hf2gguf {
namespace {

enum Scratch { QUERIES, SCORES, SHARES };

/** Transposes the rows row(0) ... row(count - 1) of `depth` numbers to (depth, count). */
template <class Row>
void packTokens(Row row, size_t count, size_t depth, float* packed) {
  for (size_t t = 0; t < count; ++t) {
    const float* x = row(t);
    for (size_t k = 0; k < depth; ++k) packed[k * count + t] = x[k];
  }
}

/** The slopes of ALiBi, as in ggml_compute_forward_soft_max_f32 of llama.cpp v0.5.0. */
std::vector<float> slopesOf(float maxBias, size_t heads) {
  const size_t even = std::bit_floor(heads);
  std::vector<float> slopes(heads);
  for (size_t head = 0; head < heads; ++head) {
    const float steps = head < even ? float(head + 1) : float(2 * (head - even) + 1) / 2;
    slopes[head] = std::pow(2.f, -maxBias / float(even) * steps);
  }
  return slopes;
}

size_t roundedUp(size_t count, size_t multiple) { return (count + multiple - 1) / multiple * multiple; }

class Attention : public Operator {
 public:
  Attention(const OperatorSpec& spec, const Model& model)
      : heads_(spec.count("heads")),
        kvHeads_(spec.count("kvHeads")),
        scale_(spec.real("scale")),
        query_(valueOf(spec, "query", model)),
        key_(valueOf(spec, "key", model)),
        value_(valueOf(spec, "value", model)),
        keyWidth_(model.width(key_) / kvHeads_),
        valueWidth_(model.width(value_) / kvHeads_),
        positions_(roundedUp(model.contextLength(), model.kernels().columns)),
        keys_(kvHeads_ * keyWidth_, positions_),
        values_(kvHeads_ * valueWidth_ + 1, positions_ + model.kernels().columns) {
    output = valueOf(spec, "output", model);
    inputs = {query_};
    wholeInputs = {key_, value_};
    require(heads_ % kvHeads_ == 0 && model.width(key_) % kvHeads_ == 0 && model.width(value_) % kvHeads_ == 0,
            "attention: heads cannot be shared evenly");
    require(model.width(query_) == heads_ * keyWidth_ && model.width(output) == heads_ * valueWidth_,
            "attention: the widths do not agree");
    if (spec.has("window")) window_ = spec.count("window");
    if (spec.has("softCap")) softCap_ = spec.real("softCap");
    if (spec.has("maxBias")) slopes_ = slopesOf(spec.real("maxBias"), heads_);
    if (spec.has("sinks")) sinks_ = model.vectorOf(weightOf(spec, "sinks", model), heads_);
    require(output != query_ && output != key_ && output != value_, "attention: the output cannot replace an input");
  }

  void run(Model& model, const Batch& batch, size_t from) override {
    keep(model, batch);
    // A block has the query heads of one key head, for several tokens in order.
    const size_t group = heads_ / kvHeads_, rows = (batch.count - from) * group, together = model.kernels().tokens;
    const size_t blocks = (rows + together - 1) / together;
    model.pool().run(kvHeads_ * blocks, [&](size_t part, size_t thread) {
      // The last blocks are the longest, so they begin first.
      const size_t first = (blocks - 1 - part / kvHeads_) * together;
      runBlock(model, batch, thread, part % kvHeads_, from * group + first, std::min(together, rows - first));
    });
  }

 private:
  float* keysAt(size_t head, size_t panel, size_t columns) const {
    return keys_.at((head * positions_ + panel * columns) * keyWidth_);
  }
  float* valuesAt(size_t head, size_t position) const {
    return values_.at((head * positions_ + position) * valueWidth_);
  }

  void keep(Model& model, const Batch& batch) {
    const size_t columns = model.kernels().columns;
    const Value &key = model.value(key_), &value = model.value(value_);
    eachToken(model, 0, batch.count, [&](size_t token, size_t) {
      const size_t position = batch.past + token;
      for (size_t head = 0; head < kvHeads_; ++head) {
        const float* k = key.row(token) + head * keyWidth_;
        float* panel = keysAt(head, position / columns, columns) + position % columns;
        for (size_t i = 0; i < keyWidth_; ++i) panel[i * columns] = k[i];
        std::copy_n(value.row(token) + head * valueWidth_, valueWidth_, valuesAt(head, position));
      }
    });
  }

  /** Computes `count` rows of a key head, from row `first` on. */
  void runBlock(Model& model, const Batch& batch, size_t thread, size_t head, size_t first, size_t count) const {
    const RunnerKernels& kernels = model.kernels();
    const size_t group = heads_ / kvHeads_, columns = kernels.columns;
    const auto tokenOf = [&](size_t row) { return (first + row) / group; };
    const auto headOf = [&](size_t row) { return head * group + (first + row) % group; };
    const auto positionsOf = [&](size_t row) { return batch.past + tokenOf(row) + 1; };
    const auto startOf = [&](size_t row) { return positionsOf(row) - std::min(positionsOf(row), window_); };
    // Scores begin with the panel that contains the first position seen by any row.
    const size_t begin = startOf(0) / columns * columns, most = positionsOf(count - 1) - begin;
    const size_t stride = roundedUp(most, columns);

    float* queries = model.scratch(thread, QUERIES, count * keyWidth_);
    packTokens([&](size_t row) { return model.value(query_).row(tokenOf(row)) + headOf(row) * keyWidth_; }, count,
               keyWidth_, queries);
    float* scores = model.scratch(thread, SCORES, count * stride);
    for (size_t panel = 0; panel * columns < most; ++panel) {
      kernels.multiply({.tokens = count,
                        .depth = keyWidth_,
                        .input = queries,
                        .panel = keysAt(head, begin / columns + panel, columns),
                        .panelStride = columns,
                        .start = ZEROS,
                        .startStride = 0,
                        .output = scores + panel * columns,
                        .outputStride = stride});
    }
    for (size_t row = 0; row < count; ++row) {
      float* const all = scores + row * stride;
      const size_t start = startOf(row) - begin, end = positionsOf(row) - begin;
      std::fill(all, all + start, 0.f);
      turnIntoShares(kernels, all + start, end - start, headOf(row));
      std::fill(all + end, all + most, 0.f);
    }
    float* shares = model.scratch(thread, SHARES, count * most);
    packTokens([&](size_t row) { return scores + row * stride; }, count, most, shares);
    float mixed[MAX_PANEL_TOKENS * MAX_PANEL_COLUMNS];
    for (size_t column = 0; column < valueWidth_; column += columns) {
      kernels.multiply({.tokens = count,
                        .depth = most,
                        .input = shares,
                        .panel = valuesAt(head, begin) + column,
                        .panelStride = valueWidth_,
                        .start = ZEROS,
                        .startStride = 0,
                        .output = mixed,
                        .outputStride = columns});
      for (size_t row = 0; row < count; ++row) {
        float* to = model.value(output).row(tokenOf(row)) + headOf(row) * valueWidth_ + column;
        std::copy_n(mixed + row * columns, std::min(columns, valueWidth_ - column), to);
      }
    }
  }

  /** Turns the scores of `count` positions into shares. The last position is the token's own. */
  void turnIntoShares(const RunnerKernels& kernels, float* scores, size_t count, size_t head) const {
    float scale = scale_;
    if (softCap_ != 0 || !slopes_.empty()) {
      const float slope = slopes_.empty() ? 0 : slopes_[head];
      for (size_t i = 0; i < count; ++i) {
        const float score = scores[i] * scale_;
        const float capped = softCap_ == 0 ? score : softCap_ * std::tanh(score / softCap_);
        scores[i] = capped - slope * float(count - 1 - i);
      }
      scale = 1;
    }
    const float largest = sinks_.empty() ? 0 : *std::max_element(scores, scores + count) * scale;
    kernels.softmax(scores, scale, count);
    if (sinks_.empty()) return;
    // The largest share is 1 over the sum of all e^(score - largest). The sink adds e^(sink - largest) to this sum.
    const float share = *std::max_element(scores, scores + count);
    const float left = 1 / (1 + std::exp(sinks_[head] - largest) * share);
    for (size_t i = 0; i < count; ++i) scores[i] *= left;
  }

  static constexpr float ZEROS[MAX_PANEL_COLUMNS] = {};

  size_t heads_, kvHeads_;
  float scale_;
  size_t query_, key_, value_;
  size_t keyWidth_, valueWidth_;  // of a head
  size_t window_ = std::numeric_limits<size_t>::max();
  float softCap_ = 0;          // 0: none
  std::vector<float> slopes_;  // by head, or none
  std::vector<float> sinks_;   // by head, or none
  size_t positions_;
  State keys_;    // (heads, panels, width, panel's positions)
  State values_;  // (heads, positions, width), and room to read a panel's width beyond
};

}  // namespace

std::unique_ptr<Operator> makeAttention(const OperatorSpec& spec, const Model& model) {
  return std::make_unique<Attention>(spec, model);
}

}  // namespace hf2gguf
