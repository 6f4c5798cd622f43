// Memory that ends when the harness says so, as it would on a small machine.
#pragma once
#include <cstddef>

namespace hf2gguf {

/** From now on the `count`-th `new` throws std::bad_alloc; 0: none does, but those that are too large for a test. */
void failAllocation(size_t count);

}  // namespace hf2gguf
