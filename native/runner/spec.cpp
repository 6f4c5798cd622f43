#include "spec.h"

namespace hf2gguf {

size_t countOf(double number) {
  require(number >= 0 && number <= 0x1p53, "a count is none");
  return size_t(number);
}

Type typeOf(double number) {
  for (int type = 0; type < TYPE_COUNT; ++type) {
    if (TYPES[type].number == number) return Type(type);
  }
  throw std::invalid_argument("there is no kernel for this type");
}

const Target& targetOf(const std::string& name) {
  static const std::vector<Target> available = availableTargets();
  for (const Target& target : available) {
    if (name == target.name) return target;
  }
  throw std::invalid_argument("this machine has no such target");
}

}  // namespace hf2gguf
