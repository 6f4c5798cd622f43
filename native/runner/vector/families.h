// Declares functions that the files of a target define for each other. They use the quantizer's vector type, and its
// rule for headers holds here, too: no inline functions of the standard library.
#pragma once
#include "../../quantize/vector/lanes.h"
#include "../kernels.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/**
 * The registers of a panel's width, and the tokens at a time. Their sums fill most of an instruction set's registers.
 */
constexpr int PANEL_REGISTERS = 2;
constexpr int PANEL_COLUMNS = PANEL_REGISTERS * REGISTER;
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int PANEL_TOKENS = 12;
#else
constexpr int PANEL_TOKENS = 6;
#endif
/** The rows, and the tokens, that are multiplied together. */
constexpr int ROWS = 4;
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int ROW_TOKENS = 6;
#elif defined(__FMA__)
constexpr int ROW_TOKENS = 3;
#else
constexpr int ROW_TOKENS = 2;  // a product needs a register of its own
#endif
static_assert(PANEL_COLUMNS <= int(MAX_PANEL_COLUMNS) && PANEL_TOKENS <= int(MAX_PANEL_TOKENS));

void multiply(const Product& product);
void packRows(const float* rows, size_t stride, size_t count, size_t depth, float* packed);
void multiplyRows(const RowProduct& product);
void rmsNorm(const float* x, const float* weight, float epsilon, size_t count, float* y);
void softmax(float* x, float scale, size_t count);
void gatedSilu(const float* gate, const float* up, size_t count, float* y);
void add(const float* left, const float* right, size_t count, float* y);
void addSquares(const float* x, size_t count, float* sums);
Exponentials exponentials(const float* logits, size_t count, double* to);
double weightedDifference(const double* weights, const float* left, const float* right, size_t count);

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
