#include "memory.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

constexpr size_t LARGEST = size_t(1) << 28;
std::atomic<size_t> countdown = 0;

void* take(size_t size) {
  size_t left = countdown;
  while (left > 0 && !countdown.compare_exchange_weak(left, left - 1)) continue;
  void* const memory = left == 1 || size > LARGEST ? nullptr : std::malloc(size > 0 ? size : 1);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(size_t size) { return take(size); }
void* operator new[](size_t size) { return take(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

/** What calloc gives is limited too: it answers nothing, instead of ending the program. */
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options() {
  return "allocator_may_return_null=1:max_allocation_size_mb=256:detect_leaks=1:handle_abort=1";
}

namespace hf2gguf {

void failAllocation(size_t count) { countdown = count; }

}  // namespace hf2gguf
