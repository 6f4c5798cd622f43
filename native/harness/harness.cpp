// hf2gguf-harness: the runner without Node, built with the address and undefined-behaviour sanitizers.
//   hf2gguf-harness CASES FOLDER COUNT SEED
// CASES are models (cases.h), which are run as they are, and then COUNT times with numbers, weights and operators
// changed, from memory of the exact size or from a file in FOLDER. Then every type is decoded from blocks of anything.
// The runner may refuse what it gets; the sanitizers end the program with what was wrong, a minute's silence does too.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include "../quantize/targets.h"
#include "../runner/spec.h"
#include "memory.h"
#include "mutate.h"

#include <sanitizer/common_interface_defs.h>

using namespace hf2gguf;

namespace {

constexpr unsigned SECONDS = 60;
size_t current = 0;

/** When the program dies. */
void sayWhere() { std::fprintf(stderr, "This was mutation %zu.\n", current); }

/** All weights' bytes in one file. */
void writeWeights(const Case& one, const std::string& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  for (const RawWeight& weight : one.weights) {
    file.write(reinterpret_cast<const char*>(weight.bytes->data.get()), std::streamsize(weight.bytes->size));
  }
}

/** As native/addon/runner.cpp makes it of what JavaScript gives. */
ModelSpec specOf(const Case& one, const Target& target, const std::string& path) {
  ModelSpec spec = {.kernels = &runnerKernelsOf(target.name),
                    .threads = countOf(one.threads),
                    .contextLength = countOf(one.contextLength),
                    .widths = {},
                    .outputs = {},
                    .weights = {},
                    .operators = one.operators};
  for (const double width : one.widths) spec.widths.push_back(countOf(width));
  for (const double output : one.outputs) spec.outputs.push_back(countOf(output));
  for (const RawWeight& weight : one.weights) {
    spec.weights.push_back({.type = typeOf(weight.type),
                            .kernels = target.kernels,
                            .columns = countOf(weight.columns),
                            .rows = countOf(weight.rows),
                            .matrices = countOf(weight.matrices),
                            .path = path,
                            .offset = countOf(weight.offset),
                            .bytes = path.empty() ? weight.bytes->data.get() : nullptr,
                            .size = path.empty() ? weight.bytes->size : 0});
  }
  return spec;
}

/** Memory for the outputs of so many rows, each of exactly its size. */
struct Rooms {
  Rooms(const Model& model, size_t rows) {
    for (const size_t output : model.outputs()) {
      const size_t size = rows * model.width(output);
      memory.push_back(std::make_unique<float[]>(size));
      rooms.push_back({memory.back().get(), size});
    }
  }
  std::vector<std::unique_ptr<float[]>> memory;
  std::vector<Room> rooms;
};

/** Numbers in a row of all outputs. */
size_t widthOf(const Model& model) {
  size_t width = 0;
  for (const size_t output : model.outputs()) width += model.width(output);
  return width;
}

/** A case as it is; throws if it cannot be run. */
void runUnchanged(const Case& one) {
  const Target target = availableTargets().front();
  Model model(specOf(one, target, ""));
  const int32_t tokens[] = {1, 2, 3};
  model.run({.tokens = tokens, .count = std::size(tokens), .past = 0}, 0, Rooms(model, std::size(tokens)).rooms);
}

/** Some tokens, at times more than there is room or a vocabulary for. */
void runTokens(Model& model, Dice& dice, size_t past) {
  const bool fits = !dice.chance(8);
  const size_t count = fits ? 1 + dice.below(8) : dice.below(600), from = dice.below(fits ? count + 1 : 9);
  if (count * widthOf(model) > (size_t(1) << 24)) return;
  std::vector<int32_t> tokens(count);
  for (int32_t& token : tokens) token = int32_t(dice.below(dice.chance(50) ? size_t(1) << 32 : 64));
  const Rooms to(model, fits ? count - from : dice.below(count + 1));
  model.run({.tokens = tokens.data(), .count = count, .past = fits ? past : dice.below(64)}, from, to.rooms);
}

void use(const Case& one, Dice& dice, const std::string& path) {
  static const std::vector<Target> targets = availableTargets();
  if (!path.empty()) writeWeights(one, path);
  if (dice.chance(8)) failAllocation(1 + dice.below(400));
  Model model(specOf(one, dice.pick(targets), path));
  model.collect(dice.chance(4));
  runTokens(model, dice, 0);
  if (!path.empty() && dice.chance(8) && truncate(path.c_str(), off_t(dice.below(1 << 16))) != 0) return;
  runTokens(model, dice, 1);
}

/** What came of a case. */
std::string outcomeOf(const Case& one, Dice& dice, const std::string& path) {
  std::string outcome = "ran";
  try {
    use(one, dice, path);
  } catch (const FileError&) {
    outcome = "file";
  } catch (const std::bad_alloc&) {
    outcome = "memory";
  } catch (const std::invalid_argument&) {
    outcome = "refused";
  }
  failAllocation(0);
  return outcome;
}

/** Every type on every target, from exactly as many bytes as there are blocks, wherever they begin. */
void decodeBlocks(Dice& dice) {
  for (const Target& target : availableTargets()) {
    for (int type = 0; type < TYPE_COUNT; ++type) {
      const size_t blocks = 1 + dice.below(5), shift = dice.below(2), count = blocks * TYPES[type].elements;
      const Bytes bytes(shift + blocks * TYPES[type].bytes);
      dice.fill(bytes.data.get(), bytes.size);
      const std::unique_ptr<float[]> values(new float[count]);
      target.kernels->dequantize[type](bytes.data.get() + shift, values.get(), count);
    }
  }
}

}  // namespace

/** The sanitizer of undefined behaviour calls this. */
extern "C" __attribute__((visibility("default"))) void __ubsan_on_report() { sayWhere(); }

int main(int count, char** arguments) {
  if (count != 5) return 2;
  std::ifstream file(arguments[1], std::ios::binary);
  const std::vector<Case> cases = readCases(file);
  const std::string path = std::string(arguments[2]) + "/weights";
  const size_t mutations = std::stoul(arguments[3]), seed = std::stoul(arguments[4]);
  __sanitizer_set_death_callback(sayWhere);
  std::signal(SIGALRM, [](int) { std::abort(); });
  std::map<std::string, size_t> outcomes;
  for (const Case& one : cases) runUnchanged(one);
  for (current = 0; current < mutations && !cases.empty(); ++current) {
    alarm(SECONDS);
    Dice dice(seed * 0x9e3779b97f4a7c15u + current);
    Case one = dice.pick(cases);
    mutate(one, dice);
    ++outcomes[outcomeOf(one, dice, dice.chance(2) ? path : "")];
    decodeBlocks(dice);
  }
  for (const auto& [outcome, times] : outcomes) std::printf("%s %zu\n", outcome.c_str(), times);
  return cases.empty() ? 1 : 0;
}
