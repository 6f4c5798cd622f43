// hf2gguf-pipe: the quantizer over standard input and output, for checking kernels of a machine that has no Node.
// Requests, one after the other: a line "TARGET TYPE ROWS COLUMNS WEIGHTED" (TYPE: ggml's number), then rows x columns
// float32, and columns more, the weights, if WEIGHTED is 1.
// Answers: a line "KIND BYTES" (KIND: 0 fine, 1 non-finite, 2 overflow), then the blocks, then their rows x columns
// values as float32. TARGET `targets` (with zeros) answers with the names of the targets and whether they agree with
// scalar in every type.
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "../quantize/quantize.h"
#include "../quantize/targets.h"

using namespace hf2gguf;

static Type typeOf(int number) {
  int type = 0;
  while (type < TYPE_COUNT && TYPES[type].number != number) ++type;
  return Type(type);
}

static bool readFloats(std::vector<float>& values) {
  return std::fread(values.data(), sizeof(float), values.size(), stdin) == values.size();
}

static bool answer(const std::string& name, Type type, size_t rows, size_t columns, bool weighted) {
  if (type == TYPE_COUNT || columns % TYPES[type].elements != 0) return false;
  std::vector<float> source(rows * columns), weights(weighted ? columns : 0);
  if (!readFloats(source) || !readFloats(weights)) return false;
  for (const Target& target : availableTargets()) {
    if (name != target.name) continue;
    std::vector<uint8_t> blocks(rows * columns / TYPES[type].elements * TYPES[type].bytes);
    const Fault fault = quantizeRows(*target.kernels, {.type = type,
                                                       .source = reinterpret_cast<const uint8_t*>(source.data()),
                                                       .sourceType = F32,
                                                       .via = F32,
                                                       .rows = rows,
                                                       .columns = columns,
                                                       .weights = weighted ? weights.data() : nullptr,
                                                       .target = blocks.data(),
                                                       .refuseNonFinite = true,
                                                       .errors = nullptr});
    target.kernels->dequantize[type](blocks.data(), source.data(), source.size());
    std::printf("%d %zu\n", int(fault.kind), blocks.size());
    return std::fwrite(blocks.data(), 1, blocks.size(), stdout) == blocks.size() &&
           std::fwrite(source.data(), sizeof(float), source.size(), stdout) == source.size();
  }
  return false;
}

static bool agrees(const Kernels& kernels) {
  for (int type = 0; type < TYPE_COUNT; ++type) {
    if (!agreesWithScalar(kernels, Type(type))) return false;
  }
  return true;
}

int main() {
  char name[16];
  int number, weighted;
  size_t rows, columns;
  while (std::scanf("%15s %d %zu %zu %d", name, &number, &rows, &columns, &weighted) == 5) {
    if (std::getchar() != '\n') return 1;
    if (std::strcmp(name, "targets") == 0) {
      for (const Target& target : availableTargets()) std::printf("%s %d\n", target.name, int(agrees(*target.kernels)));
    } else if (!answer(name, typeOf(number), rows, columns, weighted != 0)) {
      std::fprintf(stderr, "bad request: %s %d %zu %zu %d\n", name, number, rows, columns, weighted);
      return 1;
    }
  }
  return std::feof(stdin) ? 0 : 1;
}
