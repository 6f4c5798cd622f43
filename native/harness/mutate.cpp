#include "mutate.h"

#include <cstring>
#include <utility>

namespace hf2gguf {
namespace {

constexpr const char* NAMES[] = {"embed", "rms-norm",   "mat-mul",           "rope", "attention",
                                 "add",   "gated-silu", "scale-by-position", "none"};
constexpr const char* KEYS[] = {"weight",     "bias",     "factors",   "input",      "output",   "value",
                                "query",      "key",      "left",      "right",      "gate",     "up",
                                "heads",      "kvHeads",  "scale",     "floor",      "offset",   "epsilon",
                                "groups",     "halves",   "layer",     "dimensions", "base",     "originalContext",
                                "extFactor",  "betaFast", "betaSlow",  "attnFactor"};

/** Operators' numbers that are values. */
constexpr const char* VALUES[] = {"input", "output", "value", "query", "key", "left", "right", "gate", "up"};

void changeNumber(double& number, Dice& dice) { number = dice.number(number); }

/** Bytes of anything, as many as there should be of a type: mostly. */
void retype(RawWeight& weight, Dice& dice) {
  const TypeInfo& type = TYPES[dice.below(TYPE_COUNT)];
  weight.type = type.number;
  const double size = weight.columns * weight.rows / double(type.elements) * double(type.bytes);
  if (!(size >= 1 && size < 0x1p22)) return;
  const auto bytes = std::make_shared<Bytes>(size_t(size) - (dice.chance(8) ? 1 : 0));
  dice.fill(bytes->data.get(), bytes->size);
  weight.bytes = bytes;
}

void changeWeight(Case& one, Dice& dice) {
  RawWeight& weight = dice.pick(one.weights);
  switch (dice.below(7)) {
    case 0: return changeNumber(weight.type, dice);
    case 1: return changeNumber(weight.columns, dice);
    case 2: return changeNumber(weight.rows, dice);
    case 3: return changeNumber(weight.offset, dice);
    case 4: return std::swap(weight, dice.pick(one.weights));
    case 5: return std::swap(weight.columns, weight.rows);
    default: return retype(weight, dice);
  }
}

/** The logits as wide as another value, which makes them fit elsewhere. */
void narrowLogits(Case& one, Dice& dice) {
  RawWeight& weight = one.weights[size_t(one.operators.back().numbers["weight"])];
  const double width = dice.pick(one.widths);
  if (width > weight.rows) return;
  const auto bytes = std::make_shared<Bytes>(size_t(double(weight.bytes->size) / weight.rows * width));
  std::memcpy(bytes->data.get(), weight.bytes->data.get(), bytes->size);
  weight.bytes = bytes;
  one.widths.back() = weight.rows = width;
}

/** An operator reads or writes another value of the same width. */
void rewire(Case& one, Dice& dice) {
  auto& numbers = dice.pick(one.operators).numbers;
  const auto found = numbers.find(dice.pick(VALUES));
  const size_t other = dice.below(one.widths.size());
  if (found == numbers.end() || !(found->second >= 0 && found->second < double(one.widths.size()))) return;
  if (one.widths[size_t(found->second)] == one.widths[other]) found->second = double(other);
}

void changeOperator(Case& one, Dice& dice) {
  OperatorSpec& spec = dice.pick(one.operators);
  const auto somewhere = one.operators.begin() + std::ptrdiff_t(dice.below(one.operators.size()));
  const auto any = [&] { return std::next(spec.numbers.begin(), std::ptrdiff_t(dice.below(spec.numbers.size()))); };
  switch (dice.below(8)) {
    case 0: spec.name = dice.pick(NAMES); return;
    case 1: spec.numbers[dice.pick(KEYS)] = double(dice.below(12)); return;
    case 2: std::swap(spec, dice.pick(one.operators)); return;
    case 3: one.operators.erase(one.operators.begin() + (&spec - one.operators.data())); return;
    case 4: one.operators.insert(somewhere, OperatorSpec(spec)); return;
    default: break;
  }
  if (spec.numbers.empty()) return;
  if (dice.chance(6)) {
    spec.numbers.erase(any());
  } else if (dice.chance(2)) {
    changeNumber(any()->second, dice);
  } else {
    any()->second = double(dice.below(one.widths.size() + 1));
  }
}

void changeWidth(Case& one, Dice& dice) {
  if (dice.chance(4)) {
    one.widths.push_back(dice.number(64));
  } else if (dice.chance(3) && one.widths.size() > 1) {
    one.widths.pop_back();
  } else {
    changeNumber(dice.pick(one.widths), dice);
  }
}

}  // namespace

void mutate(Case& one, Dice& dice) {
  if (dice.chance(2)) narrowLogits(one, dice);
  for (size_t changes = 1 + dice.below(3); changes > 0; --changes) {
    if (one.operators.empty() || one.weights.empty()) return;
    switch (dice.below(16)) {
      case 0: changeNumber(one.contextLength, dice); break;
      case 1: changeNumber(one.threads, dice); break;
      case 2: changeWidth(one, dice); break;
      case 3:
      case 4:
      case 5:
      case 6: changeWeight(one, dice); break;
      case 7:
      case 8:
      case 9:
      case 10:
        for (size_t attempts = 8; attempts > 0; --attempts) rewire(one, dice);
        break;
      default: changeOperator(one, dice);
    }
  }
}

}  // namespace hf2gguf
