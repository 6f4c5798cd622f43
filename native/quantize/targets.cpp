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

bool agreesWithScalar(const Kernels& kernels) {
  constexpr size_t ROWS = 7, COLUMNS = 256;
  const std::vector<float> x = sample(ROWS, COLUMNS);
  const auto run = [&](const Kernels& with, Type sourceType, const void* source, Type type) {
    std::vector<uint8_t> y(ROWS * COLUMNS / TYPES[type].elements * TYPES[type].bytes);
    quantizeRows(with, {type, static_cast<const uint8_t*>(source), sourceType, F32, ROWS, COLUMNS, y.data(), false});
    return y;
  };
  for (int type = 0; type < TYPE_COUNT; ++type) {
    if (run(kernels, F32, x.data(), Type(type)) != run(scalar::kernels, F32, x.data(), Type(type))) return false;
  }
  for (const Type narrow : {F16, BF16}) {
    const std::vector<uint8_t> halves = run(scalar::kernels, F32, x.data(), narrow);
    if (run(kernels, narrow, halves.data(), F32) != run(scalar::kernels, narrow, halves.data(), F32)) return false;
  }
  return true;
}

}  // namespace hf2gguf
