// The inner loop of matrix products: rows of a weight times some tokens. Both are read in the order of memory, so it is
// fast for one token as well as for a batch. Each row and token has a register of sums, which is added up at the end,
// always in the same order.
#include "../../quantize/vector/transpose.h"
#include "families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

#if HF2GGUF_REGISTER_BYTES == 16
#define HF2GGUF_QUARTERS(a, b, c, d) a, b, c, d
#elif HF2GGUF_REGISTER_BYTES == 32
#define HF2GGUF_QUARTERS(a, b, c, d) a, b, c, d, a + 4, b + 4, c + 4, d + 4
#else
#define HF2GGUF_QUARTERS(a, b, c, d) \
  a, b, c, d, a + 4, b + 4, c + 4, d + 4, a + 8, b + 8, c + 8, d + 8, a + 12, b + 12, c + 12, d + 12
#endif

/** Adds the halves of each quarter: first those of x, then those of y. */
inline RegisterF addHalves(RegisterF x, RegisterF y) {
  return __builtin_shufflevector(x, y, HF2GGUF_QUARTERS(0, 1, REGISTER + 2, REGISTER + 3)) +
         __builtin_shufflevector(x, y, HF2GGUF_QUARTERS(2, 3, REGISTER, REGISTER + 1));
}

/** The sums over the lanes of each of four registers. */
inline Quarter sumsOf(const RegisterF (&v)[ROWS]) {
  const RegisterF x = addHalves(v[0], v[1]), y = addHalves(v[2], v[3]);
  const RegisterF sums = __builtin_shufflevector(x, y, HF2GGUF_QUARTERS(0, 2, REGISTER, REGISTER + 2)) +
                         __builtin_shufflevector(x, y, HF2GGUF_QUARTERS(1, 3, REGISTER + 1, REGISTER + 3));
#if HF2GGUF_REGISTER_BYTES == 16
  return sums;
#elif HF2GGUF_REGISTER_BYTES == 32
  return __builtin_shufflevector(sums, sums, 0, 1, 2, 3) + __builtin_shufflevector(sums, sums, 4, 5, 6, 7);
#else
  typedef float Half __attribute__((vector_size(32)));
  const Half halves = __builtin_shufflevector(sums, sums, 0, 1, 2, 3, 4, 5, 6, 7) +
                      __builtin_shufflevector(sums, sums, 8, 9, 10, 11, 12, 13, 14, 15);
  return __builtin_shufflevector(halves, halves, 0, 1, 2, 3) + __builtin_shufflevector(halves, halves, 4, 5, 6, 7);
#endif
}

template <RowKind KIND>
inline RegisterF loadWeights(const char* row, size_t k) {
  if constexpr (KIND == RowKind::BF16) {
    typedef uint16_t Halves __attribute__((vector_size(HF2GGUF_REGISTER_BYTES / 2)));
    return (RegisterF)(__builtin_convertvector(load<Halves>(row + k * sizeof(uint16_t)), RegisterU) << 16);
  } else {
    return load<RegisterF>(row + k * sizeof(float));
  }
}

/** Multiplies ROWS rows from `row` on, of which only the first `rows` exist. */
template <int TOKENS, RowKind KIND>
void multiplyGroup(const RowProduct& product, size_t row, size_t rows) {
  constexpr size_t SIZE = KIND == RowKind::BF16 ? sizeof(uint16_t) : sizeof(float);
  const char* weights[ROWS];
#pragma GCC unroll 4
  for (size_t r = 0; r < ROWS; ++r) {
    const size_t index = row + (r < rows ? r : rows - 1);
    weights[r] = static_cast<const char*>(product.weight) + index * product.weightStride * SIZE;
  }
  RegisterF sums[TOKENS][ROWS];
#pragma GCC unroll 8
  for (int t = 0; t < TOKENS; ++t) {
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; ++r) sums[t][r] = RegisterF{};
  }
  // Memory is read fastest in order, so rows that are read from it come one at a time.
  constexpr int TOGETHER = KIND == RowKind::DECODED ? ROWS : 1;
#pragma GCC unroll 4
  for (int first = 0; first < ROWS; first += TOGETHER) {
    const float* input = product.input;
    for (size_t k = 0; k < product.depth; k += REGISTER, input += TOKENS * REGISTER) {
      RegisterF x[TOKENS];
#pragma GCC unroll 8
      for (int t = 0; t < TOKENS; ++t) x[t] = load<RegisterF>(input + t * REGISTER);
#pragma GCC unroll 4
      for (int r = first; r < first + TOGETHER; ++r) {
        const RegisterF weight = loadWeights<KIND>(weights[r], k);
#pragma GCC unroll 8
        for (int t = 0; t < TOKENS; ++t) sums[t][r] += weight * x[t];
      }
    }
  }
  const float* start = product.start + row;
  float* output = product.output + row;
#pragma GCC unroll 8
  for (int t = 0; t < TOKENS; ++t, start += product.startStride, output += product.outputStride) {
    const Quarter products = sumsOf(sums[t]);
    if (rows == ROWS) {
      store(output, load<Quarter>(start) + products);
    } else {
      for (size_t r = 0; r < rows; ++r) output[r] = start[r] + products[r];
    }
  }
}

template <RowKind KIND, int TOKENS = ROW_TOKENS>
void multiplySome(const RowProduct& product) {
  if (product.tokens == TOKENS) {
    size_t row = 0;
    for (; row + ROWS <= product.rows; row += ROWS) multiplyGroup<TOKENS, KIND>(product, row, ROWS);
    if (row < product.rows) multiplyGroup<TOKENS, KIND>(product, row, product.rows - row);
    return;
  }
  if constexpr (TOKENS > 1) multiplySome<KIND, TOKENS - 1>(product);
}

}  // namespace

void multiplyRows(const RowProduct& product) {
  if (product.kind == RowKind::DECODED) return multiplySome<RowKind::DECODED>(product);
  if (product.kind == RowKind::F32) return multiplySome<RowKind::F32>(product);
  multiplySome<RowKind::BF16>(product);
}

void packRows(const float* rows, size_t stride, size_t count, size_t depth, float* packed) {
  for (size_t k = 0; k < depth; k += REGISTER) {
    for (size_t row = 0; row < count; ++row, packed += REGISTER) {
      RegisterF v = {};
      if (depth - k >= REGISTER) {
        v = load<RegisterF>(rows + row * stride + k);
      } else {
        __builtin_memcpy(&v, rows + row * stride + k, (depth - k) * sizeof(float));
      }
      store(packed, v);
    }
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
