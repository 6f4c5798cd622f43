// Reads the numbers and names with which a model is described.
#pragma once
#include <string>

#include "../quantize/targets.h"
#include "model.h"

namespace hf2gguf {

/** Reads a count, size or offset. Throws std::invalid_argument for any other number. */
size_t countOf(double number);
/** The type with a number of ggml. Throws std::invalid_argument if there is no kernel for it. */
Type typeOf(double number);
/** The target of a name. Throws std::invalid_argument if this machine does not have it. */
const Target& targetOf(const std::string& name);

}  // namespace hf2gguf
