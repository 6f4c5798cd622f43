#include "quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace hf2gguf {
namespace {

/** Elements worked on at a time (if a row is not longer): their float32 stays in the second-level cache. */
constexpr size_t CHUNK = 16384;

/** The chunk that begins at `row`, as float32 rounded to `via`. */
class Reader {
 public:
  Reader(const Kernels& kernels, const Job& job, size_t chunkRows)
      : kernels(kernels),
        job(job),
        rounds(job.via != F32 && job.via != job.sourceType),
        isDirect(job.sourceType == F32 && !rounds && reinterpret_cast<uintptr_t>(job.source) % alignof(float) == 0),
        x(isDirect ? 0 : chunkRows * job.columns),
        halves(rounds ? 2 * chunkRows * job.columns : 0) {}

  const float* read(size_t row, size_t rows) {
    const uint8_t* source = job.source + row * job.columns * TYPES[job.sourceType].bytes;
    if (isDirect) return reinterpret_cast<const float*>(source);
    kernels.widen[job.sourceType](source, x.data(), rows * job.columns);
    if (rounds) {
      kernels.quantize[job.via](x.data(), halves.data(), rows, job.columns);
      kernels.widen[job.via](halves.data(), x.data(), rows * job.columns);
    }
    return x.data();
  }

 private:
  const Kernels& kernels;
  const Job& job;
  const bool rounds, isDirect;
  std::vector<float> x;
  std::vector<uint8_t> halves;
};

/** Index of the first block of `count` that has an infinite or NaN scale (or is such a value), or `count`. */
size_t firstOverflow(Type type, const uint8_t* blocks, size_t count) {
  const TypeInfo& info = TYPES[type];
  const int exponent = type == BF16 ? 0x7f80 : 0x7c00;
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < info.halves; ++j) {
      uint16_t half;
      std::memcpy(&half, blocks + i * info.bytes + info.halvesOffset + 2 * j, sizeof half);
      if ((half & exponent) == exponent) return i;
    }
  }
  return count;
}

Fault at(Fault::Kind kind, size_t row, size_t columns, size_t element) {
  return {kind, row + element / columns, element % columns};
}

}  // namespace

Fault quantizeRows(const Kernels& kernels, const Job& job) {
  if (job.rows == 0 || job.columns == 0) return {};
  const TypeInfo& info = TYPES[job.type];
  const size_t chunkRows = std::min(job.rows, std::max<size_t>(1, CHUNK / job.columns));
  const bool checks = job.refuseNonFinite || !isFloat(job.type);
  // Float32 copies itself, and bfloat16 makes NaN quiet as the reference does.
  const bool copies = job.type == F16 && job.sourceType == F16 && job.via != BF16;
  Reader reader(kernels, job, chunkRows);
  Fault fault;
  for (size_t row = 0; row < job.rows; row += chunkRows) {
    const size_t rows = std::min(chunkRows, job.rows - row), elements = rows * job.columns;
    uint8_t* target = job.target + row * job.columns / info.elements * info.bytes;
    const float* x = reader.read(row, rows);
    if (checks && !kernels.allFinite(x, elements)) {
      const size_t bad = std::find_if(x, x + elements, [](float v) { return !std::isfinite(v); }) - x;
      return at(Fault::NON_FINITE, row, job.columns, bad);
    }
    if (copies) {
      std::memcpy(target, job.source + 2 * row * job.columns, 2 * elements);
    } else {
      kernels.quantize[job.type](x, target, rows, job.columns);
    }
    if (checks && fault.kind == Fault::NONE) {
      const size_t blocks = elements / info.elements, bad = firstOverflow(job.type, target, blocks);
      if (bad < blocks) fault = at(Fault::OVERFLOW, row, job.columns, bad * info.elements);
    }
  }
  return fault;
}

}  // namespace hf2gguf
