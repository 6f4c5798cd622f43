// The kernels that rearrange tensors' elements and compute on them.
#pragma once
#include <napi.h>

namespace hf2gguf {

/** An object of functions: `TensorAddon` in src/quantize/tensor-kernels.ts. */
Napi::Object tensorFunctions(Napi::Env env);

}  // namespace hf2gguf
