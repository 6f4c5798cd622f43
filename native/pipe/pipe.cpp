// hf2gguf-pipe: the quantizer over standard input and output, for checking kernels of a machine that has no Node.
// Requests, one after the other: a line "TARGET TYPE ROWS COLUMNS" (TYPE: ggml's number), then rows x columns float32.
// Answers: a line "KIND BYTES" (KIND: 0 fine, 1 non-finite, 2 overflow), then the blocks.
// TARGET `targets` (with zeros) answers with the names of the targets and whether they agree with scalar.
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "../quantize/quantize.h"
#include "../quantize/targets.h"

using namespace hf2gguf;

static const TypeInfo* findType(int number) {
  for (const TypeInfo& info : TYPES) {
    if (info.number == number) return &info;
  }
  return nullptr;
}

static bool answer(const std::string& name, int number, size_t rows, size_t columns) {
  const TypeInfo* info = findType(number);
  if (info == nullptr || columns % info->elements != 0) return false;
  std::vector<uint8_t> source(rows * columns * sizeof(float));
  if (std::fread(source.data(), 1, source.size(), stdin) != source.size()) return false;
  for (const Target& target : availableTargets()) {
    if (name != target.name) continue;
    std::vector<uint8_t> blocks(rows * columns / info->elements * info->bytes);
    const Fault fault = quantizeRows(
        *target.kernels, {Type(info - TYPES), source.data(), F32, F32, rows, columns, blocks.data(), true});
    std::printf("%d %zu\n", int(fault.kind), blocks.size());
    return std::fwrite(blocks.data(), 1, blocks.size(), stdout) == blocks.size();
  }
  return false;
}

int main() {
  char name[16];
  int number;
  size_t rows, columns;
  while (std::scanf("%15s %d %zu %zu", name, &number, &rows, &columns) == 4) {
    if (std::getchar() != '\n') return 1;
    if (std::strcmp(name, "targets") == 0) {
      for (const Target& target : availableTargets()) {
        std::printf("%s %d\n", target.name, int(agreesWithScalar(*target.kernels)));
      }
    } else if (!answer(name, number, rows, columns)) {
      std::fprintf(stderr, "bad request: %s %d %zu %zu\n", name, number, rows, columns);
      return 1;
    }
  }
  return std::feof(stdin) ? 0 : 1;
}
