#include "layout.h"

#include <algorithm>
#include <cstdlib>

namespace hf2gguf {
namespace {

/** Whether all elements lie in the buffer. No axis is empty. */
bool isInside(const Side& side, const int64_t* sizes, size_t axisCount, int64_t elementBytes) {
  int64_t lowest = side.offset, highest = side.offset, end;
  for (size_t i = 0; i < axisCount; ++i) {
    int64_t reach;
    int64_t& bound = side.strides[i] < 0 ? lowest : highest;
    if (__builtin_mul_overflow(sizes[i] - 1, side.strides[i], &reach)) return false;
    if (__builtin_add_overflow(bound, reach, &bound)) return false;
  }
  if (__builtin_add_overflow(highest, 1, &end) || __builtin_mul_overflow(end, elementBytes, &end)) return false;
  return lowest >= 0 && uint64_t(end) <= side.bufferBytes;
}

/** Makes pieces larger: an axis along which both sides continue at the end of a piece becomes part of the piece. */
void growPieces(Layout& layout) {
  for (size_t i = layout.count; i-- > 0;) {
    const Axis axis = layout.axes[i];
    if (axis.source != ptrdiff_t(layout.bytes) || axis.target != axis.source) continue;
    layout.bytes *= axis.size;
    std::copy(layout.axes + i + 1, layout.axes + layout.count, layout.axes + i);
    --layout.count;
    i = layout.count;
  }
}

/** Merges neighbouring axes where the outer one continues, on both sides, at the end of the inner one. */
void mergeAxes(Layout& layout) {
  size_t last = 0;
  for (size_t i = 1; i < layout.count; ++i) {
    Axis& outer = layout.axes[last];
    const Axis& inner = layout.axes[i];
    const ptrdiff_t size = ptrdiff_t(inner.size);
    if (outer.source == inner.source * size && outer.target == inner.target * size) {
      outer = {outer.size * inner.size, inner.source, inner.target};
    } else {
      layout.axes[++last] = inner;
    }
  }
  if (layout.count > 0) layout.count = last + 1;
}

}  // namespace

bool makeLayout(const Side& source, const Side& target, const int64_t* sizes, size_t axisCount, size_t elementBytes,
                Layout& layout) {
  layout = {.bytes = elementBytes, .count = 0, .axes = {}};
  if (std::any_of(sizes, sizes + axisCount, [](int64_t size) { return size <= 0; })) {
    layout.bytes = 0;
    return std::all_of(sizes, sizes + axisCount, [](int64_t size) { return size >= 0; });
  }
  if (!isInside(source, sizes, axisCount, int64_t(elementBytes)) ||
      !isInside(target, sizes, axisCount, int64_t(elementBytes))) {
    return false;
  }
  for (size_t i = 0; i < axisCount; ++i) {
    // These products cannot overflow: in elements they were checked to lie in the buffers.
    if (sizes[i] == 1) continue;
    layout.axes[layout.count++] = {size_t(sizes[i]), ptrdiff_t(source.strides[i] * int64_t(elementBytes)),
                                   ptrdiff_t(target.strides[i] * int64_t(elementBytes))};
  }
  // Axes are sorted so that the target is written from its start to its end.
  std::stable_sort(layout.axes, layout.axes + layout.count,
                   [](const Axis& a, const Axis& b) { return std::abs(a.target) > std::abs(b.target); });
  mergeAxes(layout);
  growPieces(layout);
  return true;
}

}  // namespace hf2gguf
