// Products of packed tokens with panels of any number of columns.
#pragma once
#include <algorithm>
#include <cstring>

#include "kernels.h"

namespace hf2gguf {

/** `multiply`, of which only the first `columns` are written: the rest of the panel may hold anything. */
inline void multiplyColumns(const RunnerKernels& kernels, size_t columns, const Product& product) {
  if (columns == kernels.columns) return kernels.multiply(product);
  float start[MAX_PANEL_TOKENS * MAX_PANEL_COLUMNS] = {}, output[MAX_PANEL_TOKENS * MAX_PANEL_COLUMNS];
  for (size_t t = 0; t < product.tokens; ++t) {
    std::memcpy(start + t * kernels.columns, product.start + t * product.startStride, columns * sizeof(float));
  }
  Product whole = product;
  whole.start = start;
  whole.output = output;
  whole.startStride = whole.outputStride = kernels.columns;
  kernels.multiply(whole);
  for (size_t t = 0; t < product.tokens; ++t) {
    std::memcpy(product.output + t * product.outputStride, output + t * kernels.columns, columns * sizeof(float));
  }
}

/** Rows row(0) ... row(count - 1) of `depth`, to (depth, count). */
template <class Row>
void packTokens(Row row, size_t count, size_t depth, float* packed) {
  for (size_t t = 0; t < count; ++t) {
    const float* x = row(t);
    for (size_t k = 0; k < depth; ++k) packed[k * count + t] = x[k];
  }
}

}  // namespace hf2gguf
