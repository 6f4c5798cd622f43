// Brings a copy between two strided layouts into the form that kernels take.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace hf2gguf {

/** The most axes of a copy. A view has the axes of its tensor, some of which may be split. */
constexpr size_t MAX_AXES = 16;

/** An axis of `size` steps, with the bytes of a step on either side. */
struct Axis {
  size_t size;
  ptrdiff_t source, target;
};

/** Pieces of `bytes` bytes, one at each position of the axes (outermost first). A piece is contiguous on both sides. */
struct Layout {
  size_t bytes;
  size_t count;
  Axis axes[MAX_AXES];
};

/** One side of a copy. Element (0, ..., 0) is `offset` elements from the start of the buffer. */
struct Side {
  int64_t offset;
  const int64_t* strides;
  size_t bufferBytes;
};

/**
 * Makes the layout of a copy of (sizes...) elements, with as few axes and as long pieces as possible. `axisCount` is at
 * most MAX_AXES.
 * @returns false if an element would lie outside a buffer, or if a number does not fit 64 bits.
 */
bool makeLayout(const Side& source, const Side& target, const int64_t* sizes, size_t axisCount, size_t elementBytes,
                Layout& layout);

}  // namespace hf2gguf
