// The class Runner.
#pragma once
#include <napi.h>

namespace hf2gguf {

Napi::Function runnerClass(Napi::Env env);

}  // namespace hf2gguf
