// The kernels of the runner, as a table of functions for each instruction set. Kernels keep no state. They add up in
// one order, whatever the number of tokens and threads, so that a token gives the same bits alone and in a batch.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace hf2gguf {

/** output (tokens, panel's columns) = start + input · panel. Strides are in floats. */
struct Product {
  size_t tokens;       // at most the target's `tokens`
  size_t depth;
  const float* input;  // (depth, tokens)
  const float* panel;  // (depth, columns)
  size_t panelStride;
  const float* start;  // (tokens, columns); stride 0: the same for each token
  size_t startStride;
  float* output;       // (tokens, columns); may be `start`
  size_t outputStride;
};

/**
 * The rows of a weight: float32 that was decoded and is in the cache, or F32 or BF16 of the file, which is read once.
 */
enum class RowKind { DECODED, F32, BF16 };

/**
 * output (tokens, rows) = start + input · weightᵀ. A lane adds up every `lanes`-th product, and the output is the sum
 * of the lanes. Strides are in numbers.
 */
struct RowProduct {
  size_t tokens;       // at most the target's `rowTokens`
  size_t rows;
  size_t depth;        // a multiple of the target's `lanes`
  const float* input;  // (depth / lanes, tokens, lanes)
  const void* weight;  // (rows, depth), unaligned
  size_t weightStride;
  RowKind kind;
  const float* start;  // (tokens, rows); stride 0: the same for each token
  size_t startStride;
  float* output;       // (tokens, rows); may be `start`
  size_t outputStride;
};

/** The largest `columns` and `tokens` of all targets. */
constexpr size_t MAX_PANEL_COLUMNS = 32, MAX_PANEL_TOKENS = 12;

struct Exponentials {
  size_t top;  // index of the largest; of equals, the first
  double sum;
};

struct RunnerKernels {
  size_t columns;  // of a panel
  size_t tokens;   // that are multiplied together
  void (*multiply)(const Product& product);
  size_t lanes;      // that a row's products are summed in
  size_t rowTokens;  // that are multiplied with rows together
  /**
   * Packs `count` rows, which are `stride` floats apart, to (depth / lanes, count, lanes). Rows end with zeros.
   */
  void (*packRows)(const float* rows, size_t stride, size_t count, size_t depth, float* packed);
  void (*multiplyRows)(const RowProduct& product);
  /** x / sqrt(mean(x²) + epsilon) * weight. */
  void (*rmsNorm)(const float* x, const float* weight, float epsilon, size_t count, float* y);
  /** softmax(x * scale), in place. */
  void (*softmax)(float* x, float scale, size_t count);
  /** silu(gate) * up. */
  void (*gatedSilu)(const float* gate, const float* up, size_t count, float* y);
  void (*add)(const float* left, const float* right, size_t count, float* y);
  /** sums += x². */
  void (*addSquares)(const float* x, size_t count, float* sums);
  /** Computes e^(logit - largest logit), and the sum, which is NaN if a logit is NaN or infinite. */
  Exponentials (*exponentials)(const float* logits, size_t count, double* to);
  /** The sum of weight * (left - right). */
  double (*weightedDifference)(const double* weights, const float* left, const float* right, size_t count);
};

// Each is vector/table.cpp, compiled with that instruction set's flags.
namespace scalar {
extern const RunnerKernels runnerKernels;
}
namespace avx2 {
extern const RunnerKernels runnerKernels;
}
namespace avx512 {
extern const RunnerKernels runnerKernels;
}
namespace neon {
extern const RunnerKernels runnerKernels;
}

/** The kernels of a target in the quantizer's `availableTargets`. */
const RunnerKernels& runnerKernelsOf(const char* target);

}  // namespace hf2gguf
