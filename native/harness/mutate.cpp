#include "mutate.h"

#include <cstring>
#include <utility>

#include "../runner/operators.h"

namespace hf2gguf {
namespace {

#define HF2GGUF_NAME(NAME, MAKE) NAME,
constexpr const char* NAMES[] = {HF2GGUF_OPERATORS(HF2GGUF_NAME) "none"};
#undef HF2GGUF_NAME

void changeNumber(double& number, Dice& dice) { number = dice.number(number); }

/** Bytes of anything, as many as there should be of a type: mostly. */
void retype(RawWeight& weight, Dice& dice) {
  const TypeInfo& type = TYPES[dice.below(TYPE_COUNT)];
  weight.type = type.number;
  const double size = weight.columns * weight.rows * weight.matrices / double(type.elements) * double(type.bytes);
  if (!(size >= 1 && size < 0x1p22)) return;
  const auto bytes = std::make_shared<Bytes>(size_t(size) - (dice.chance(8) ? 1 : 0));
  dice.fill(bytes->data.get(), bytes->size);
  weight.bytes = bytes;
}

void changeWeight(Case& one, Dice& dice) {
  RawWeight& weight = dice.pick(one.weights);
  switch (dice.below(8)) {
    case 0: return changeNumber(weight.type, dice);
    case 1: return changeNumber(weight.columns, dice);
    case 2: return changeNumber(weight.rows, dice);
    case 3: return changeNumber(weight.offset, dice);
    case 4: return std::swap(weight, dice.pick(one.weights));
    case 5: return changeNumber(weight.matrices, dice);
    case 6: return std::swap(weight.columns, weight.rows);
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

/** One of an operator's numbers. */
auto anyNumber(OperatorSpec& spec, Dice& dice) {
  return std::next(spec.numbers.begin(), std::ptrdiff_t(dice.below(spec.numbers.size())));
}

/** What may be a value becomes another one of the same width. */
void rewire(Case& one, Dice& dice) {
  OperatorSpec& spec = dice.pick(one.operators);
  if (spec.numbers.empty()) return;
  double& number = anyNumber(spec, dice)->second;
  const size_t other = dice.below(one.widths.size());
  if (!(number >= 0 && number < double(one.widths.size()))) return;
  if (one.widths[size_t(number)] == one.widths[other]) number = double(other);
}

/** A number that another operator has, or another one of it. */
void addNumber(OperatorSpec& to, OperatorSpec& from, Dice& dice) {
  if (!from.numbers.empty()) to.numbers[anyNumber(from, dice)->first] = double(dice.below(12));
}

void changeOperator(Case& one, Dice& dice) {
  OperatorSpec& spec = dice.pick(one.operators);
  const auto somewhere = one.operators.begin() + std::ptrdiff_t(dice.below(one.operators.size()));
  switch (dice.below(8)) {
    case 0: spec.name = dice.pick(NAMES); return;
    case 1: addNumber(spec, dice.pick(one.operators), dice); return;
    case 2: std::swap(spec, dice.pick(one.operators)); return;
    case 3: one.operators.erase(one.operators.begin() + (&spec - one.operators.data())); return;
    case 4: one.operators.insert(somewhere, OperatorSpec(spec)); return;
    default: break;
  }
  if (spec.numbers.empty()) return;
  if (dice.chance(6)) {
    spec.numbers.erase(anyNumber(spec, dice));
  } else if (dice.chance(2)) {
    changeNumber(anyNumber(spec, dice)->second, dice);
  } else {
    anyNumber(spec, dice)->second = double(dice.below(one.widths.size() + 1));
  }
}

/** Another value comes out, or one more. */
void changeOutputs(Case& one, Dice& dice) {
  const double value = double(dice.below(one.widths.size() + 1));
  if (one.outputs.empty() || dice.chance(2)) {
    one.outputs.push_back(value);
  } else if (dice.chance(8)) {
    one.outputs.pop_back();
  } else {
    dice.pick(one.outputs) = value;
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
    switch (dice.below(17)) {
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
        for (size_t attempts = 3; attempts > 0; --attempts) rewire(one, dice);
        break;
      case 11: changeOutputs(one, dice); break;
      default: changeOperator(one, dice);
    }
  }
}

}  // namespace hf2gguf
