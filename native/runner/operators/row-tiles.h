// Rows of a weight times tokens: what matrix products have in common.
#pragma once
#include "../model.h"

namespace hf2gguf {

/** Rows of a thread's part. */
constexpr size_t PART_ROWS = 64;
/** Columns of a thread's part where activations are gathered. */
constexpr size_t PART_COLUMNS = 256;

inline size_t partsOf(size_t whole, size_t part) { return (whole + part - 1) / part; }

struct Range {
  size_t first, end;
  size_t size() const { return end - first; }
};

/**
 * A tile of the weight, some rows times a stretch of columns, is decoded once, stays in the cache, and is multiplied
 * with all tokens. It takes a thread's scratch memory of use 0.
 */
class RowTiles {
 public:
  RowTiles(const Weight& weight, const Model& model);

  /** Floats of a token's packed row: the columns, up to whole lanes. */
  size_t depth() const { return depth_; }
  /**
   * output (tokens, rows) = start + packed · weightᵀ.
   * `rows` are counted over all matrices, `packed` has the kernels' `packRows` of one block of `rowTokens` after the
   * other, `start` is by row, and `stride` are the floats from one token's output to the next one's.
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
