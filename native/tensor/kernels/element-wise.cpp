// Arithmetic on elements, each operation rounded on its own.
#include "exp.h"
#include "families.h"
#include "floats.h"
#include "softplus.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

template <float (*OP)(float, float)>
void eachPair(const float* left, const float* right, float* to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = OP(left[i], right[i]);
}
inline float sum(float a, float b) { return a + b; }
inline float difference(float a, float b) { return a - b; }
inline float product(float a, float b) { return a * b; }
inline float quotient(float a, float b) { return a / b; }

/** In the order of BinaryOp. Here and below, `to` does not overlap the operands. */
constexpr void (*BINARY[])(const float* left, const float* right, float* to, size_t count) = {
    eachPair<sum>, eachPair<difference>, eachPair<product>, eachPair<quotient>};
static_assert(sizeof(BINARY) / sizeof(BINARY[0]) == sizeof(BINARY_OPS) / sizeof(BINARY_OPS[0]));

template <float (*FUNCTION)(float)>
void eachOne(const float* x, float* to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = FUNCTION(x[i]);
}
inline float negated(float x) { return -x; }
inline float squareRoot(float x) { return __builtin_sqrtf(x); }
/** The nearest of -1, 0 and 1; halves go to 0. A NaN stays one. */
inline float ternary(float x) { return x < -0.5f ? -1.0f : x > 0.5f ? 1.0f : x * 0.0f; }

/** In the order of UnaryOp. */
constexpr void (*UNARY[])(const float* x, float* to, size_t count) = {eachOne<negated>, eachOne<squareRoot>,
                                                                           exponentials, softplus, eachOne<ternary>};
static_assert(sizeof(UNARY) / sizeof(UNARY[0]) == sizeof(UNARY_OPS) / sizeof(UNARY_OPS[0]));

}  // namespace

void pairwise(BinaryOp op, const float* left, const float* right, float* to, size_t count) {
  BINARY[size_t(op)](left, right, to, count);
}

void each(UnaryOp op, const float* x, float* to, size_t count) { UNARY[size_t(op)](x, to, count); }

void binary(BinaryOp op, DType dtype, const uint8_t* left, const uint8_t* right, size_t rightCount, uint8_t* target,
            size_t count) {
  float x[CHUNK], y[CHUNK], result[CHUNK];
  const bool isOne = rightCount == 1;
  if (isOne) {
    readFloats(dtype, right, y, 1);
    for (size_t i = 1; i < CHUNK; ++i) y[i] = y[0];
  }
  eachChunk(count, [&](size_t start, size_t length) {
    const size_t at = start * bytesOf(dtype);
    readFloats(dtype, left + at, x, length);
    if (!isOne) readFloats(dtype, right + at, y, length);
    pairwise(op, x, y, result, length);
    writeFloats(dtype, result, target + at, length);
  });
}

void unary(UnaryOp op, DType dtype, const uint8_t* source, uint8_t* target, size_t count) {
  float x[CHUNK], y[CHUNK];
  eachChunk(count, [&](size_t start, size_t length) {
    const size_t at = start * bytesOf(dtype);
    readFloats(dtype, source + at, x, length);
    each(op, x, y, length);
    writeFloats(dtype, y, target + at, length);
  });
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
