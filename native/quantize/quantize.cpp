#include "quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "blocks.h"

namespace hf2gguf {
namespace {

/**
 * Elements worked on at a time (if a row is not longer): their float32 stays in the second-level cache. Kernels of
 * small blocks without weights are nearly as fast as memory and get less: the processor fetches the next short stretch
 * while they work on one.
 */
constexpr size_t chunkFor(const Job& job) { return job.weights || TYPES[job.type].elements > 64 ? 16384 : 2048; }

size_t bytesOf(Type type, size_t elements) { return elements / TYPES[type].elements * TYPES[type].bytes; }

Fault at(Fault::Kind kind, size_t row, size_t columns, size_t element) {
  return {kind, row + element / columns, element % columns};
}

/** The weights, going on past the end of a row. */
std::vector<float> padded(const Job& job) {
  std::vector<float> weights(job.weights ? job.columns + WEIGHTS_PADDING : 0);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = job.weights[i % job.columns];
  return weights;
}

/** A job's rows, some at a time. */
class Run {
 public:
  Run(const Kernels& kernels, const Job& job)
      : kernels(kernels),
        job(job),
        weights(padded(job)),
        refuses(job.refuseNonFinite || !isFloat(job.type) || !isFloat(job.sourceType)),
        rounds(job.via != F32 && job.via != job.sourceType),
        fits(job.type == F32 || (job.type == job.sourceType && !rounds) || (job.type == BF16 && job.sourceType == F16)),
        isDirect(job.sourceType == F32 && !rounds && reinterpret_cast<uintptr_t>(job.source) % alignof(float) == 0),
        x(isDirect ? 0 : chunk()),
        rounded(rounds ? bytesOf(job.via, chunk()) : 0),
        written(job.errors ? chunk() : 0) {}

  /** Whether a value that is NaN or infinite ends it. */
  bool isRefusing() const { return refuses; }

  size_t chunkRows() const { return std::min(job.rows, std::max<size_t>(1, chunkFor(job) / job.columns)); }

  /** Rows [row, row + rows): at most chunkRows(). */
  Fault quantize(size_t row, size_t rows) {
    const size_t elements = rows * job.columns;
    const uint8_t* source = job.source + bytesOf(job.sourceType, row * job.columns);
    uint8_t* target = job.target + bytesOf(job.type, row * job.columns);
    if (!isFloat(job.sourceType)) {
      const size_t blockElements = TYPES[job.sourceType].elements, blocks = elements / blockElements;
      const size_t bad = firstInvalidBlock(job.sourceType, source, blocks);
      if (bad < blocks) return at(Fault::NON_FINITE, row, job.columns, bad * blockElements);
    }
    const float* values = read(source, elements);
    const bool isFinite = kernels.allFinite(values, elements);
    if (refuses && !isFinite) {
      const size_t bad = std::find_if(values, values + elements, [](float v) { return !std::isfinite(v); }) - values;
      return at(Fault::NON_FINITE, row, job.columns, bad);
    }
    if (isCopied()) {
      std::memcpy(target, source, bytesOf(job.type, elements));
    } else {
      kernels.quantize[job.type](values, job.weights ? weights.data() : nullptr, target, rows, job.columns);
    }
    if (job.errors) measure(source, target, elements);
    if (isFinite && fits) return {};
    const size_t blockElements = TYPES[job.type].elements, blocks = elements / blockElements;
    const size_t bad = firstInvalidBlock(job.type, target, blocks);
    if (bad == blocks) return {};
    const auto kind = std::isfinite(values[bad * blockElements]) ? Fault::OVERFLOW : Fault::NON_FINITE;
    return at(kind, row, job.columns, bad * blockElements);
  }

 private:
  const Kernels& kernels;
  const Job& job;
  const std::vector<float> weights;
  const bool refuses, rounds;
  const bool fits;  // no finite value can become infinite
  const bool isDirect;
  std::vector<float> x;
  std::vector<uint8_t> rounded;
  std::vector<float> written;

  size_t chunk() const { return chunkRows() * job.columns; }

  /** Float32 copies itself, and bfloat16 makes NaN quiet as the reference does. */
  bool isCopied() const {
    return job.type == job.sourceType && (!isFloat(job.type) || (job.type == F16 && job.via != BF16));
  }

  /** As float32, rounded to `via`. */
  const float* read(const uint8_t* source, size_t elements) {
    if (isDirect) return reinterpret_cast<const float*>(source);
    kernels.dequantize[job.sourceType](source, x.data(), elements);
    if (rounds) {
      kernels.quantize[job.via](x.data(), nullptr, rounded.data(), 1, elements);
      kernels.dequantize[job.via](rounded.data(), x.data(), elements);
    }
    return x.data();
  }

  void measure(const uint8_t* source, const uint8_t* target, size_t elements) {
    kernels.dequantize[job.type](target, written.data(), elements);
    const float* values = reinterpret_cast<const float*>(source);
    if (!isDirect) {
      kernels.dequantize[job.sourceType](source, x.data(), elements);
      values = x.data();
    }
    Errors& errors = *job.errors;
    for (size_t i = 0; i < elements; ++i) {
      const double value = values[i], difference = value - double(written[i]), square = difference * difference;
      errors.squared += square;
      errors.weighted += job.weights ? square * double(job.weights[i % job.columns]) : square;
      errors.sourceSquared += value * value;
      errors.largest = std::max(errors.largest, float(std::fabs(difference)));
    }
  }
};

}  // namespace

Fault quantizeRows(const Kernels& kernels, const Job& job) {
  if (job.rows == 0 || job.columns == 0) return {};
  Run run(kernels, job);
  Fault first;
  for (size_t row = 0; row < job.rows; row += run.chunkRows()) {
    Fault fault = run.quantize(row, std::min(run.chunkRows(), job.rows - row));
    fault.isRefused = run.isRefusing();
    if (fault.kind == Fault::NON_FINITE && fault.isRefused) return fault;
    if (first.kind == Fault::NONE) first = fault;
  }
  return first;
}

}  // namespace hf2gguf
