// Functions over logits.
#pragma once
#include <napi.h>

namespace hf2gguf {

/** exponentials(target, logits: Float32Array, to: Float64Array): { top, sum }. */
Napi::Value exponentials(const Napi::CallbackInfo& info);
/** weightedDifference(target, weights: Float64Array, left: Float32Array, right: Float32Array): number. */
Napi::Value weightedDifference(const Napi::CallbackInfo& info);

}  // namespace hf2gguf
