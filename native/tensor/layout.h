// A copy between two strided layouts, brought into the form that the kernels take.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace hf2gguf {

/** Axes of one copy at most. A view's axes are a tensor's, some of them split. */
constexpr size_t MAX_AXES = 16;

/** `size` steps, each of so many bytes. */
struct Axis {
  size_t size;
  ptrdiff_t source, target;
};

/** Pieces of `bytes` that both sides hold as contiguous runs, at every position of the axes (outermost first). */
struct Layout {
  size_t bytes;
  size_t count;
  Axis axes[MAX_AXES];
};

/** One side of a copy: element (0, ..., 0) is `offset` elements from the buffer's start. */
struct Side {
  int64_t offset;
  const int64_t* strides;
  size_t bufferBytes;
};

/**
 * The layout of a copy of (sizes...) elements, with as few axes and as long runs as possible. `axisCount` is at most
 * MAX_AXES.
 * @returns false if an element would lie outside a buffer, or a number does not fit 64 bits.
 */
bool makeLayout(const Side& source, const Side& target, const int64_t* sizes, size_t axisCount, size_t elementBytes,
                Layout& layout);

}  // namespace hf2gguf
