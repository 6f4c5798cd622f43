// Functions over one row of a value. A lane adds up one number of each register, and then the lanes are added up. The
// end of a row, if it does not fill a register, goes through a padded copy.
#include "families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** Loads `count` floats, fewer than REGISTER, with `padding` after them. */
RegisterF loadSome(const float* x, size_t count, float padding = 0) {
  RegisterF v = RegisterF{} + padding;
  __builtin_memcpy(&v, x, 4 * count);
  return v;
}

/** y[i] = function(register i of x, register i of x2). */
template <class Function>
inline void map(const float* x, const float* x2, size_t count, float* y, Function function) {
  size_t i = 0;
  for (; i + REGISTER <= count; i += REGISTER) store(y + i, function(load<RegisterF>(x + i), load<RegisterF>(x2 + i)));
  if (i == count) return;
  const RegisterF last = function(loadSome(x + i, count - i), loadSome(x2 + i, count - i));
  __builtin_memcpy(y + i, &last, 4 * (count - i));
}

/** Calls `function` with all registers of x. */
template <class Function>
inline void each(const float* x, size_t count, float padding, Function function) {
  size_t i = 0;
  for (; i + REGISTER <= count; i += REGISTER) function(load<RegisterF>(x + i));
  if (i < count) function(loadSome(x + i, count - i, padding));
}

float sumOf(RegisterF v) {
  float sum = 0;
  for (int lane = 0; lane < REGISTER; ++lane) sum += v[lane];
  return sum;
}

/**
 * e^x with an error of about 2 units in the last place: 2^n times the series of e^r, |r| <= ln(2) / 2. The result is
 * never below 2^-126. NaN stays NaN.
 */
inline RegisterF exponential(RegisterF x) {
  constexpr float ROUND = 12582912.f;  // adding it leaves an integer in the low bits
  constexpr float LOWEST = -87.3f, HIGHEST = 88.3f;
  RegisterF y = x < LOWEST ? RegisterF{} + LOWEST : x;
  y = y > HIGHEST ? RegisterF{} + HIGHEST : y;
  const RegisterF shifted = y * 1.44269504f + ROUND, n = shifted - ROUND;
  const RegisterF r = y - n * 0.693145752f - n * 1.42860677e-6f;  // ln(2) in two parts
  constexpr float FACTORS[] = {1.f / 720, 1.f / 120, 1.f / 24, 1.f / 6, 1.f / 2, 1.f, 1.f};
  RegisterF series = RegisterF{} + 1.f / 5040;
  for (const float factor : FACTORS) series = series * r + factor;
  const RegisterU exponent = (RegisterU)shifted << 23;  // what ROUND has there is shifted out
  const RegisterF power = (RegisterF)((RegisterU)series + exponent);  // unsigned, for a NaN's bits overflow
  return x == x ? power : x;                                          // and may become a number's
}

}  // namespace

void rmsNorm(const float* x, const float* weight, float epsilon, size_t count, float* y) {
  RegisterF squares = {};
  each(x, count, 0, [&](RegisterF v) { squares += v * v; });
  const float scale = 1 / __builtin_sqrtf(sumOf(squares) / float(count) + epsilon);
  map(x, weight, count, y, [&](RegisterF v, RegisterF w) { return v * scale * w; });
}

void softmax(float* x, float scale, size_t count) {
  RegisterF largest = RegisterF{} - __builtin_inff();
  map(x, x, count, x, [&](RegisterF v, RegisterF) { return v * scale; });
  each(x, count, -__builtin_inff(), [&](RegisterF v) { largest = larger(largest, v); });
  float top = largest[0];
  for (int lane = 1; lane < REGISTER; ++lane) top = top > largest[lane] ? top : largest[lane];
  map(x, x, count, x, [&](RegisterF v, RegisterF) { return exponential(v - top); });
  RegisterF sums = {};
  each(x, count, 0, [&](RegisterF v) { sums += v; });
  const float factor = 1 / sumOf(sums);
  map(x, x, count, x, [&](RegisterF v, RegisterF) { return v * factor; });
}

void gatedSilu(const float* gate, const float* up, size_t count, float* y) {
  map(gate, up, count, y, [](RegisterF g, RegisterF u) { return g / (1.f + exponential(-g)) * u; });
}

void add(const float* left, const float* right, size_t count, float* y) {
  map(left, right, count, y, [](RegisterF l, RegisterF r) { return l + r; });
}

void addSquares(const float* x, size_t count, float* sums) {
  map(sums, x, count, sums, [](RegisterF sum, RegisterF v) { return sum + v * v; });
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
