#include "kernels.h"

#include <cstring>

#include "../quantize/targets.h"

namespace hf2gguf {
namespace {

constexpr struct {
  const char* target;
  const TensorKernels* kernels;
} TABLES[] = {
#if defined(__x86_64__)
    {"avx512", &avx512::tensorKernels},
    {"avx2", &avx2::tensorKernels},
#elif defined(__aarch64__)
    {"neon", &neon::tensorKernels},
#endif
    {"scalar", &scalar::tensorKernels},
};

bool isAvailable(const char* name) {
  for (const Target& target : availableTargets()) {
    if (std::strcmp(target.name, name) == 0) return true;
  }
  return false;
}

}  // namespace

const TensorKernels* tensorKernelsOf(const char* target) {
  for (const auto& table : TABLES) {
    if (std::strcmp(table.target, target) == 0 && isAvailable(target)) return table.kernels;
  }
  return nullptr;
}

}  // namespace hf2gguf
