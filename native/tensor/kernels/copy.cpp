// Copies elements between strides, transposes among them, and rows by index.
#include "families.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** Copies pieces along one axis. For small pieces `bytes` is a compile-time constant. */
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

// A transpose copies block by block, through memory that stays in the nearest cache: a piece of each of a block's rows
// goes in, runs come out. Rows of the source are on different pages, which the processor does not fetch ahead of their
// use by itself.

/** A cache line. */
constexpr size_t LINE = 64;
/** The bytes of a block's rows in the source. Lines are fetched in pairs. */
constexpr size_t ROW = 2 * LINE;
/** The elements of a block's rows. */
template <size_t BYTES>
constexpr size_t WIDTH = ROW / BYTES;
/** The rows of a block, at most 32 KiB in all. They are runs of the target. */
template <size_t BYTES>
constexpr size_t HEIGHT = BYTES == 1 ? 256 : 512 / BYTES;
/** Rows are fetched so many rows ahead of their use. */
constexpr size_t AHEAD = 16;

typedef uint8_t Bytes __attribute__((vector_size(16)));
typedef uint16_t Shorts __attribute__((vector_size(16)));
typedef uint32_t Ints __attribute__((vector_size(16)));
typedef uint64_t Longs __attribute__((vector_size(16)));

/** Interleaves the elements of two vectors: their first halves, and their last halves. */
inline void zip(Bytes a, Bytes b, Bytes& first, Bytes& last) {
  first = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  last = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
inline void zip(Shorts a, Shorts b, Shorts& first, Shorts& last) {
  first = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  last = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
inline void zip(Ints a, Ints b, Ints& first, Ints& last) {
  first = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  last = __builtin_shufflevector(a, b, 2, 6, 3, 7);
}
inline void zip(Longs a, Longs b, Longs& first, Longs& last) {
  first = __builtin_shufflevector(a, b, 0, 2);
  last = __builtin_shufflevector(a, b, 1, 3);
}

/** Transposes a square that is as wide as a vector. Each interleaving rotates the bits of (row, column) by one. */
template <class V>
inline void transposeSquare(const uint8_t* source, ptrdiff_t sourceStride, uint8_t* target, ptrdiff_t targetStride) {
  constexpr int COUNT = sizeof(V) / sizeof(V{}[0]);
  V rows[COUNT], next[COUNT];
  for (int i = 0; i < COUNT; ++i) __builtin_memcpy(&rows[i], source + i * sourceStride, sizeof(V));
  for (int round = 1; round < COUNT; round *= 2) {
    for (int i = 0; i < COUNT / 2; ++i) zip(rows[i], rows[i + COUNT / 2], next[2 * i], next[2 * i + 1]);
    for (int i = 0; i < COUNT; ++i) rows[i] = next[i];
  }
  for (int i = 0; i < COUNT; ++i) __builtin_memcpy(target + i * targetStride, &rows[i], sizeof(V));
}

/** Transposes a block. `columns` are contiguous in the source, `rows` in the target. */
template <class V>
void transposeBlock(const Axis& columns, const Axis& rows, const uint8_t* source, uint8_t* target) {
  constexpr size_t BYTES = sizeof(V{}[0]), SQUARE = sizeof(V) / BYTES;
  constexpr ptrdiff_t RUN = HEIGHT<BYTES> * BYTES;
  uint8_t block[WIDTH<BYTES> * RUN];  // (columns, rows)
  for (size_t i = 0; i < rows.size; i += SQUARE) {
    for (size_t row = i + AHEAD; row < rows.size && row < i + AHEAD + SQUARE; ++row) {
      for (size_t at = 0; at < ROW; at += LINE) __builtin_prefetch(source + ptrdiff_t(row) * rows.source + at);
    }
    for (size_t j = 0; j < columns.size; j += SQUARE) {
      const uint8_t* from = source + ptrdiff_t(i) * rows.source + j * BYTES;
      uint8_t* to = block + j * RUN + i * BYTES;
      if (i + SQUARE <= rows.size && j + SQUARE <= columns.size) {
        transposeSquare<V>(from, rows.source, to, RUN);
        continue;
      }
      const size_t width = columns.size - j < SQUARE ? columns.size - j : SQUARE;
      for (size_t row = i; row < rows.size && row < i + SQUARE; ++row, from += rows.source, to += BYTES) {
        copyAxis(Constant<BYTES>(), {width, BYTES, RUN}, from, to);
      }
    }
  }
  copyAxis(rows.size * BYTES, {columns.size, RUN, columns.target}, block, target);
}

template <class V>
void transpose(const Axis& columns, const Axis& rows, const uint8_t* source, uint8_t* target) {
  constexpr size_t BYTES = sizeof(V{}[0]);
  const auto some = [](const Axis& axis, size_t start, size_t most) {
    const size_t left = axis.size - start;
    return Axis{left < most ? left : most, axis.source, axis.target};
  };
  for (size_t column = 0; column < columns.size; column += WIDTH<BYTES>) {
    for (size_t row = 0; row < rows.size; row += HEIGHT<BYTES>) {
      transposeBlock<V>(some(columns, column, WIDTH<BYTES>), some(rows, row, HEIGHT<BYTES>),
                        source + ptrdiff_t(row) * rows.source + column * BYTES,
                        target + ptrdiff_t(column) * columns.target + row * BYTES);
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

/** Copies pieces whose size is that of a type, along the last axis, or the last two as a transpose. */
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
    case 2: return copyElements<Shorts>(layout, source, target);
    case 4: return copyElements<Ints>(layout, source, target);
    case 8: return copyElements<Longs>(layout, source, target);
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
