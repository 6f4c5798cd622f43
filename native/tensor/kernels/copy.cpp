// Moves elements: strided copies, among them transposes, and rows by index.
#include "families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** Moves pieces along one axis. `bytes` is known at compile time where pieces are small. */
template <class Bytes>
void copyAxis(Bytes bytes, const Axis& axis, const uint8_t* source, uint8_t* target) {
  for (size_t i = 0; i < axis.size; ++i, source += axis.source, target += axis.target) {
    __builtin_memcpy(target, source, bytes);
  }
}

template <size_t BYTES>
struct Constant {
  constexpr operator size_t() const { return BYTES; }
};

// A transpose goes through tiles that have whole cache lines on both sides, so that a line is fetched once even where
// all lines of a column fall into the same set of the cache.

constexpr size_t LINE = 64;

typedef uint8_t Bytes __attribute__((vector_size(16)));
typedef uint16_t Words __attribute__((vector_size(16)));
typedef uint32_t Doubles __attribute__((vector_size(16)));
typedef uint64_t Quads __attribute__((vector_size(16)));

/** The first and the last halves of two vectors, element by element in turn. */
inline void zip(Bytes a, Bytes b, Bytes& first, Bytes& last) {
  first = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  last = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
inline void zip(Words a, Words b, Words& first, Words& last) {
  first = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  last = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
inline void zip(Doubles a, Doubles b, Doubles& first, Doubles& last) {
  first = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  last = __builtin_shufflevector(a, b, 2, 6, 3, 7);
}
inline void zip(Quads a, Quads b, Quads& first, Quads& last) {
  first = __builtin_shufflevector(a, b, 0, 2);
  last = __builtin_shufflevector(a, b, 1, 3);
}

/** Transposes a square of one vector's elements; rows are LINE bytes apart. Zipping rotates (row, column) by a bit. */
template <class V>
inline void transposeSquare(const uint8_t* source, uint8_t* target) {
  constexpr int COUNT = sizeof(V) / sizeof(V{}[0]);
  V rows[COUNT], next[COUNT];
  for (int i = 0; i < COUNT; ++i) __builtin_memcpy(&rows[i], source + LINE * i, sizeof(V));
  for (int round = 1; round < COUNT; round *= 2) {
    for (int i = 0; i < COUNT / 2; ++i) zip(rows[i], rows[i + COUNT / 2], next[2 * i], next[2 * i + 1]);
    for (int i = 0; i < COUNT; ++i) rows[i] = next[i];
  }
  for (int i = 0; i < COUNT; ++i) __builtin_memcpy(target + LINE * i, &rows[i], sizeof(V));
}

/** Two axes of which one is dense in the source and the other in the target. */
template <class V>
void transpose(const Axis& denseSource, const Axis& denseTarget, const uint8_t* source, uint8_t* target) {
  constexpr size_t BYTES = sizeof(V{}[0]), SIDE = LINE / BYTES, SQUARE = sizeof(V) / BYTES;
  uint8_t in[SIDE * LINE] = {}, out[SIDE * LINE];
  for (size_t column = 0; column < denseSource.size; column += SIDE) {
    const size_t width = denseSource.size - column < SIDE ? denseSource.size - column : SIDE;
    for (size_t row = 0; row < denseTarget.size; row += SIDE) {
      const size_t height = denseTarget.size - row < SIDE ? denseTarget.size - row : SIDE;
      const Axis rows = {height, denseTarget.source, ptrdiff_t(LINE)};
      const Axis columns = {width, ptrdiff_t(LINE), denseSource.target};
      const uint8_t* from = source + ptrdiff_t(row) * denseTarget.source + column * BYTES;
      uint8_t* to = target + ptrdiff_t(column) * denseSource.target + row * BYTES;
      width == SIDE ? copyAxis(Constant<LINE>(), rows, from, in) : copyAxis(width * BYTES, rows, from, in);
      for (size_t i = 0; i < height; i += SQUARE) {
        for (size_t j = 0; j < width; j += SQUARE) {
          transposeSquare<V>(in + i * LINE + j * BYTES, out + j * LINE + i * BYTES);
        }
      }
      height == SIDE ? copyAxis(Constant<LINE>(), columns, out, to) : copyAxis(height * BYTES, columns, out, to);
    }
  }
}

/** Calls `inner(source, target)` at every position of the axes. */
template <class Inner>
void eachPosition(const Axis* axes, size_t count, const uint8_t* source, uint8_t* target, const Inner& inner) {
  if (count == 0) return inner(source, target);
  for (size_t i = 0; i < axes->size; ++i, source += axes->source, target += axes->target) {
    eachPosition(axes + 1, count - 1, source, target, inner);
  }
}

/** Pieces whose size has a type: the last axis, or the last two as a transpose. */
template <class V>
void copyElements(const Layout& layout, const uint8_t* source, uint8_t* target) {
  constexpr size_t BYTES = sizeof(V{}[0]);
  const Axis last = layout.axes[layout.count - 1];
  size_t dense = 0;
  while (dense + 1 < layout.count && layout.axes[dense].source != ptrdiff_t(BYTES)) ++dense;
  if (last.target != ptrdiff_t(BYTES) || dense + 1 >= layout.count) {
    return eachPosition(layout.axes, layout.count - 1, source, target,
                        [&](const uint8_t* from, uint8_t* to) { copyAxis(Constant<BYTES>(), last, from, to); });
  }
  Axis outer[MAX_AXES];
  size_t count = 0;
  for (size_t i = 0; i + 1 < layout.count; ++i) {
    if (i != dense) outer[count++] = layout.axes[i];
  }
  eachPosition(outer, count, source, target,
               [&](const uint8_t* from, uint8_t* to) { transpose<V>(layout.axes[dense], last, from, to); });
}

}  // namespace

void copy(const Layout& layout, const uint8_t* source, uint8_t* target) {
  if (layout.bytes == 0) return;
  if (layout.count == 0) {
    __builtin_memcpy(target, source, layout.bytes);
    return;
  }
  switch (layout.bytes) {
    case 1: return copyElements<Bytes>(layout, source, target);
    case 2: return copyElements<Words>(layout, source, target);
    case 4: return copyElements<Doubles>(layout, source, target);
    case 8: return copyElements<Quads>(layout, source, target);
  }
  const Axis last = layout.axes[layout.count - 1];
  eachPosition(layout.axes, layout.count - 1, source, target,
               [&](const uint8_t* from, uint8_t* to) { copyAxis(layout.bytes, last, from, to); });
}

void gather(const uint8_t* source, size_t bytes, const int32_t* indices, uint8_t* target, size_t count) {
  const auto gatherAll = [&](auto size) {
    for (size_t i = 0; i < count; ++i) __builtin_memcpy(target + i * size, source + size_t(indices[i]) * size, size);
  };
  switch (bytes) {
    case 1: return gatherAll(Constant<1>());
    case 2: return gatherAll(Constant<2>());
    case 4: return gatherAll(Constant<4>());
    case 8: return gatherAll(Constant<8>());
    default: return gatherAll(bytes);
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
