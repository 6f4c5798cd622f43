// Computes a formula of elements in one go: all its steps for a chunk, then the next chunk. What lies between the steps
// never leaves the first-level cache.
#include "families.h"
#include "floats.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** Reads elements [start, start + length) of a step's repeated values. */
void readRepeated(const FormulaStep& step, size_t start, size_t length, float* x) {
  const size_t bytes = bytesOf(step.dtype);
  if (step.run == 1 && step.repeat == 1) return readFloats(step.dtype, step.data + start * bytes, x, length);
  float own[CHUNK];
  while (length > 0) {
    const size_t row = start / (step.inner * step.run), inRow = start % (step.inner * step.run);
    const size_t first = inRow / step.run, done = inRow % step.run;
    const size_t wanted = (done + length + step.run - 1) / step.run;
    const size_t values = wanted < step.inner - first ? wanted : step.inner - first;
    const size_t some = values < CHUNK ? values : CHUNK;
    readFloats(step.dtype, step.data + (row / step.repeat * step.inner + first) * bytes, own, some);
    const size_t last = some * step.run - done, count = last < length ? last : length;
    if (step.run == 1) {
      __builtin_memcpy(x, own, count * sizeof(float));
    } else {
      for (size_t i = 0, value = 0, left = step.run - done; i < count; ++value, left = step.run) {
        const size_t end = i + left < count ? i + left : count;
        for (; i < end; ++i) x[i] = own[value];
      }
    }
    start += count, x += count, length -= count;
  }
}

void round(DType dtype, const float* x, float* to, size_t length) {
  uint8_t rounded[CHUNK * sizeof(float)];
  writeFloats(dtype, x, rounded, length);
  readFloats(dtype, rounded, to, length);
}

/** Reads elements [start, start + length) of a step whose elements are codes in the order of a view. */
void readView(const FormulaStep& step, size_t start, size_t length, float* x) {
  const CodesView& view = step.codes;
  const auto& last = view.axes[view.axisCount - 1];
  while (length > 0) {
    const size_t column = start % last.size, left = last.size - column, count = left < length ? left : length;
    size_t code = view.first + column * last.stride;
    for (size_t i = view.axisCount - 1, row = start / last.size; i-- > 0; row /= view.axes[i].size) {
      code += row % view.axes[i].size * view.axes[i].stride;
    }
    readCodes(step.data, view, code, last.stride, x, count);
    start += count, x += count, length -= count;
  }
}

/** Reads elements [start, start + length) of a step that picks values by an index. */
void readPicked(const FormulaStep& step, size_t start, size_t length, float* x) {
  const size_t bytes = bytesOf(step.dtype);
  float own[CHUNK];
  while (length > 0) {
    const size_t column = start % step.columns, left = step.columns - column, count = left < length ? left : length;
    const uint8_t* group = step.data + start / step.columns * step.inner * bytes;
    const int32_t* index = step.index + column;
    if (step.inner <= CHUNK) {
      readFloats(step.dtype, group, own, step.inner);
      for (size_t i = 0; i < count; ++i) x[i] = own[index[i]];
    } else {
      for (size_t i = 0; i < count; ++i) readFloats(step.dtype, group + size_t(index[i]) * bytes, x + i, 1);
    }
    start += count, x += count, length -= count;
  }
}

template <size_t WIDTH>
void lookUp(const FormulaStep& step, size_t start, size_t length, float* x) {
  const uint8_t* bytes = step.data + start / WIDTH;
  for (size_t i = 0; i < length / WIDTH; ++i) {
    __builtin_memcpy(x + i * WIDTH, step.table + bytes[i] * (WIDTH * sizeof(float)), WIDTH * sizeof(float));
  }
}

void readLookup(const FormulaStep& step, size_t start, size_t length, float* x) {
  static_assert(CHUNK % 8 == 0);
  switch (step.width) {
    case 1:
      return lookUp<1>(step, start, length, x);
    case 2:
      return lookUp<2>(step, start, length, x);
    case 4:
      return lookUp<4>(step, start, length, x);
    default:
      return lookUp<8>(step, start, length, x);
  }
}

}  // namespace

void formula(const FormulaStep* steps, size_t stepCount, DType to, uint8_t* target, size_t count) {
  // One register more than the stack has, for the result of a step.
  float registers[FORMULA_DEPTH + 1][CHUNK];
  float* stack[FORMULA_DEPTH + 1];
  for (size_t i = 0; i <= FORMULA_DEPTH; ++i) stack[i] = registers[i];
  eachChunk(count, [&](size_t start, size_t length) {
    size_t depth = 0;
    // Puts the register that a step has written in the place of the operands.
    const auto replace = [&](size_t operands) {
      float* result = stack[FORMULA_DEPTH];
      stack[FORMULA_DEPTH] = stack[depth - operands];
      stack[depth - operands] = result;
      depth -= operands - 1;
    };
    for (size_t i = 0; i < stepCount; ++i) {
      const FormulaStep& step = steps[i];
      float* result = stack[FORMULA_DEPTH];
      switch (step.kind) {
        case FormulaKind::VALUES:
          readRepeated(step, start, length, stack[depth++]);
          break;
        case FormulaKind::PICKED:
          readPicked(step, start, length, stack[depth++]);
          break;
        case FormulaKind::CODES:
          readView(step, start, length, stack[depth++]);
          break;
        case FormulaKind::LOOKUP:
          readLookup(step, start, length, stack[depth++]);
          break;
        case FormulaKind::NUMBER:
          for (size_t j = 0; j < length; ++j) stack[depth][j] = step.number;
          ++depth;
          break;
        case FormulaKind::BINARY:
          pairwise(BinaryOp(step.operation), stack[depth - 2], stack[depth - 1], result, length);
          replace(2);
          break;
        case FormulaKind::UNARY:
          each(UnaryOp(step.operation), stack[depth - 1], result, length);
          replace(1);
          break;
        case FormulaKind::ROUND:
          round(step.dtype, stack[depth - 1], result, length);
          replace(1);
          break;
      }
    }
    writeFloats(to, stack[0], target + start * bytesOf(to), length);
  });
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
