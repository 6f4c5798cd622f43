// The instruction sets that kernels were compiled for.
#pragma once
#include <vector>

#include "kernels.h"

namespace hf2gguf {

struct Target {
  const char* name;
  const Kernels* kernels;
};

/** Those that this machine has, the best first; `scalar` is always the last. */
std::vector<Target> availableTargets();

/** Whether a target gives the scalar kernels' bytes, and values of them, on a small sample of a type. */
bool agreesWithScalar(const Kernels& kernels, Type type);

}  // namespace hf2gguf
