// hf2gguf-runner-pipe: the runner over standard input and output, for checking kernels of a machine that has no Node.
// Requests, one after the other: numbers and names with spaces between them, each list after the count of its elements,
//   TARGET THREADS STEP, tokens, widths of the values, outputs, weights (TYPE COLUMNS ROWS MATRICES BYTES),
//   operators (NAME, a list of KEY NUMBER)
// and the end of a line, then the weights' bytes. Answers: the outputs of all tokens, which run STEP at a time, one
// after the other, as float32.
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "../runner/model.h"
#include "../runner/spec.h"

using namespace hf2gguf;

template <class T>
static T read() {
  T value;
  if (!(std::cin >> value)) throw std::runtime_error("the request is incomplete");
  return value;
}

template <class Each>
static auto readList(Each each) {
  std::vector<decltype(each())> list;
  for (size_t left = read<size_t>(); left > 0; --left) list.push_back(each());
  return list;
}

static OperatorSpec readOperator() {
  OperatorSpec spec{read<std::string>(), {}};
  for (size_t left = read<size_t>(); left > 0; --left) {
    const std::string key = read<std::string>();
    spec.numbers[key] = read<double>();
  }
  return spec;
}

static void answer(const Target& target) {
  const size_t threads = read<size_t>(), step = read<size_t>();
  const std::vector<int32_t> tokens = readList(read<int32_t>);
  const std::vector<size_t> widths = readList(read<size_t>), outputs = readList(read<size_t>);
  std::vector<WeightSpec> weights = readList([&] {
    const Type type = typeOf(read<double>());
    const size_t columns = read<size_t>(), rows = read<size_t>(), matrices = read<size_t>(), size = read<size_t>();
    return WeightSpec{.type = type,
                      .kernels = target.kernels,
                      .columns = columns,
                      .rows = rows,
                      .matrices = matrices,
                      .path = {},
                      .offset = 0,
                      .bytes = nullptr,
                      .size = size};
  });
  const std::vector<OperatorSpec> operators = readList(readOperator);
  std::cin.get();
  std::vector<std::vector<char>> bytes;
  for (WeightSpec& weight : weights) {
    bytes.emplace_back(weight.size);
    std::cin.read(bytes.back().data(), std::streamsize(weight.size));
    weight.bytes = reinterpret_cast<const uint8_t*>(bytes.back().data());
  }
  Model model({.kernels = &runnerKernelsOf(target.name),
               .threads = threads,
               .contextLength = tokens.size(),
               .widths = widths,
               .outputs = outputs,
               .weights = weights,
               .operators = operators});
  std::vector<std::vector<float>> results;
  for (const size_t output : outputs) results.emplace_back(tokens.size() * widths.at(output));
  for (size_t past = 0; past < tokens.size(); past += step) {
    const size_t count = std::min(step, tokens.size() - past);
    std::vector<Room> rooms;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const size_t width = widths[outputs[i]];
      rooms.push_back({results[i].data() + past * width, count * width});
    }
    model.run({.tokens = tokens.data() + past, .count = count, .past = past}, 0, rooms);
  }
  for (const auto& result : results) std::fwrite(result.data(), sizeof(float), result.size(), stdout);
}

int main() {
  try {
    for (std::string name; std::cin >> name;) answer(targetOf(name));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bad request: %s\n", error.what());
    return 1;
  }
}
