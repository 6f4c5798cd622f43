#include "kernels.h"

#include <cstring>

namespace hf2gguf {

const RunnerKernels& runnerKernelsOf(const char* target) {
#if defined(__x86_64__)
  if (!std::strcmp(target, "avx512")) return avx512::runnerKernels;
  if (!std::strcmp(target, "avx2") && __builtin_cpu_supports("fma")) return avx2::runnerKernels;
#elif defined(__aarch64__)
  if (!std::strcmp(target, "neon")) return neon::runnerKernels;
#endif
  (void)target;
  return scalar::runnerKernels;
}

}  // namespace hf2gguf
