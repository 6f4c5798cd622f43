#include "row-tiles.h"

#include <algorithm>

namespace hf2gguf {
namespace {

/** The most columns of a stretch, and the step by which stretches grow: a multiple of all block sizes and lanes. */
constexpr size_t STRETCH = 768, STEP = 256;
/**
 * The rows of a tile: 96 KiB. With few tokens the products take less time than reading, and a smaller tile stays in a
 * nearer cache.
 */
constexpr size_t TILE_ROWS = 32, FEW_TILE_ROWS = 4, FEW_TOKENS = 8;

}  // namespace

RowTiles::RowTiles(const Weight& weight, const Model& model)
    : weight_(weight),
      stretch_(partsOf(partsOf(weight.columns, partsOf(weight.columns, STRETCH)), STEP) * STEP),
      depth_(partsOf(weight.columns, model.kernels().lanes) * model.kernels().lanes) {}

void RowTiles::multiply(Model& model, size_t thread, Range rows, const float* packed, size_t tokens, const float* start,
                        float* output, size_t stride) const {
  const RunnerKernels& kernels = model.kernels();
  const bool few = tokens <= FEW_TOKENS;
  const size_t tileRows = few ? FEW_TILE_ROWS : TILE_ROWS;
  for (size_t row = 0; row < rows.size(); row += tileRows) {
    const size_t count = std::min(tileRows, rows.size() - row);
    for (size_t column = 0; column < weight_.columns; column += stretch_) {
      const size_t depth = std::min(stretch_, depth_ - column);
      const Tile tile = decode(model, thread, rows.first + row, count, column, few);
      for (size_t token = 0; token < tokens; token += kernels.rowTokens) {
        const size_t together = std::min(kernels.rowTokens, tokens - token);
        float* const to = output + token * stride + row;
        kernels.multiplyRows({.tokens = together,
                              .rows = count,
                              .depth = depth,
                              .input = packed + token * depth_ + column * together,
                              .weight = tile.rows,
                              .weightStride = tile.stride,
                              .kind = tile.kind,
                              .start = column == 0 ? start + row : to,
                              .startStride = column == 0 ? 0 : stride,
                              .output = to,
                              .outputStride = stride});
      }
    }
  }
}

/**
 * Decodes a stretch of rows, with zeros up to whole lanes. Rows that need no decoding are used in place if they are
 * used only a few times.
 */
RowTiles::Tile RowTiles::decode(Model& model, size_t thread, size_t row, size_t count, size_t column, bool few) const {
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

}  // namespace hf2gguf
