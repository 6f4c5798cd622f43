#include "targets.h"

#include "quantize.h"

namespace hf2gguf {
namespace {

/** 7 rows of 256: bell-shaped values, of which one row is small, one zero and one has outliers. */
std::vector<float> sample(size_t rows, size_t columns) {
  std::vector<float> x(rows * columns);
  uint32_t state = 1;
  const auto uniform = [&state] {
    state = state * 1664525u + 1013904223u;
    return float(state >> 8) / 16777216.f - 0.5f;
  };
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t row = i / columns;
    const float scale = row == 1 ? 1e-4f : row == 2 ? 0.f : row == 3 && i % 37 == 0 ? 50.f : 1.f;
    x[i] = (uniform() + uniform() + uniform()) * scale;
  }
  return x;
}

}  // namespace

std::vector<Target> availableTargets() {
  std::vector<Target> targets;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    targets.push_back({"avx512", &avx512::kernels});
  }
  if (__builtin_cpu_supports("avx2")) targets.push_back({"avx2", &avx2::kernels});
#elif defined(__aarch64__)
  targets.push_back({"neon", &neon::kernels});
#endif
  targets.push_back({"scalar", &scalar::kernels});
  return targets;
}

bool agreesWithScalar(const Kernels& kernels, Type type) {
  constexpr size_t ROWS = 7, COLUMNS = 256;
  const std::vector<float> x = sample(ROWS, COLUMNS);
  std::vector<float> weights(x.begin(), x.begin() + COLUMNS);
  for (float& weight : weights) weight = weight * weight;
  const auto quantize = [&](const Kernels& with, const float* importance) {
    std::vector<uint8_t> y(ROWS * COLUMNS / TYPES[type].elements * TYPES[type].bytes);
    const auto source = reinterpret_cast<const uint8_t*>(x.data());
    quantizeRows(with, {.type = type,
                        .source = source,
                        .sourceType = F32,
                        .via = F32,
                        .rows = ROWS,
                        .columns = COLUMNS,
                        .weights = importance,
                        .target = y.data(),
                        .refuseNonFinite = false,
                        .errors = nullptr});
    return y;
  };
  const auto dequantize = [&](const Kernels& with, const std::vector<uint8_t>& y) {
    std::vector<uint32_t> bits(ROWS * COLUMNS);
    with.dequantize[type](y.data(), reinterpret_cast<float*>(bits.data()), bits.size());
    return bits;
  };
  const std::vector<uint8_t> y = quantize(scalar::kernels, weights.data());
  return quantize(kernels, weights.data()) == y && dequantize(kernels, y) == dequantize(scalar::kernels, y) &&
         (needsWeights(type) || quantize(kernels, nullptr) == quantize(scalar::kernels, nullptr));
}

}  // namespace hf2gguf
