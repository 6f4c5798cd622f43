// What the numbers and names stand for that a model is described with, wherever they come from.
#pragma once
#include <string>

#include "../quantize/targets.h"
#include "model.h"

namespace hf2gguf {

/** A count, size or offset; throws std::invalid_argument for what is none. */
size_t countOf(double number);
/** By ggml's number; throws std::invalid_argument if there is no kernel for it. */
Type typeOf(double number);
/** Throws std::invalid_argument if this machine has none of this name. */
const Target& targetOf(const std::string& name);

}  // namespace hf2gguf
