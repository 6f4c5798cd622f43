// The memory that operators keep between runs.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

namespace hf2gguf {

/** An array of zeros. The system provides its pages when they are written. */
class State {
 public:
  /** Throws std::bad_alloc. */
  State(size_t count, size_t size)
      : size_(count * size), floats_(static_cast<float*>(std::calloc(count, size * sizeof(float)))) {
    if (!floats_) throw std::bad_alloc();
  }
  float* at(size_t index) const { return floats_.get() + index; }
  void clear() { std::fill_n(floats_.get(), size_, 0.f); }

 private:
  struct Free {
    void operator()(float* floats) const { std::free(floats); }
  };
  size_t size_;
  std::unique_ptr<float, Free> floats_;
};

}  // namespace hf2gguf
