// The products of a weight's rows with tokens, for all kinds of matrix products.
#pragma once
#include "../model.h"

namespace hf2gguf {

/** The rows of a thread's part. */
constexpr size_t PART_ROWS = 64;
/** The columns of a thread's part if statistics are collected. */
constexpr size_t PART_COLUMNS = 256;

inline size_t partsOf(size_t whole, size_t part) { return (whole + part - 1) / part; }

struct Range {
  size_t first, end;
  size_t size() const { return end - first; }
};

/**
 * A tile is some rows times a stretch of columns of the weight. It is decoded once, stays in the cache, and is
 * multiplied with all tokens. Tiles take a thread's scratch memory of use 0.
 */
class RowTiles {
 public:
  RowTiles(const Weight& weight, const Model& model);

  /** The floats of a token's packed row: its columns, rounded up to whole lanes. */
  size_t depth() const { return depth_; }
  /**
   * output (tokens, rows) = start + packed · weightᵀ.
   * `rows` count over all matrices. `packed` has one result of `packRows` after the other, each of `rowTokens` tokens.
   * `start` has a number for each row. `stride` is the number of floats between the outputs of two tokens.
   */
  void multiply(Model& model, size_t thread, Range rows, const float* packed, size_t tokens, const float* start,
                float* output, size_t stride) const;

 private:
  struct Tile {
    const void* rows;
    size_t stride;
    RowKind kind;
  };
  Tile decode(Model& model, size_t thread, size_t row, size_t count, size_t column, bool few) const;

  Weight weight_;
  size_t stretch_;  // columns that are summed in one go, whatever the number of tokens
  size_t depth_;
};

}  // namespace hf2gguf
