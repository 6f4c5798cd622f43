// Models as the addon gets them, with numbers that are not checked yet.
#pragma once
#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "../runner/model.h"

namespace hf2gguf {

/** Memory of exactly that size, so that a byte read beyond it is seen. */
struct Bytes {
  explicit Bytes(size_t count) : size(count), data(new uint8_t[count]) {}
  const size_t size;
  const std::unique_ptr<uint8_t[]> data;
};

struct RawWeight {
  double type, columns, rows, matrices, offset;  // the offset counts where the bytes are in a file
  std::shared_ptr<const Bytes> bytes;
};

struct Case {
  double threads = 2, contextLength = 16;
  std::vector<double> widths, outputs;
  std::vector<RawWeight> weights;
  std::vector<OperatorSpec> operators;
};

/**
 * Cases one after the other, each of lines
 *   widths NUMBER...
 *   outputs NUMBER...
 *   weight TYPE COLUMNS ROWS MATRICES BYTES
 *   operator NAME KEY=NUMBER...
 *   end
 * and then the bytes of its weights. Throws std::runtime_error.
 */
std::vector<Case> readCases(std::istream& from);

}  // namespace hf2gguf
