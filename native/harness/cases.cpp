#include "cases.h"

#include <sstream>

namespace hf2gguf {
namespace {

OperatorSpec readOperator(std::istream& line) {
  OperatorSpec spec;
  line >> spec.name;
  for (std::string number; line >> number;) {
    const size_t equals = number.find('=');
    spec.numbers[number.substr(0, equals)] = std::stod(number.substr(equals + 1));
  }
  return spec;
}

RawWeight readWeight(std::istream& line) {
  RawWeight weight = {};
  size_t size = 0;
  line >> weight.type >> weight.columns >> weight.rows >> weight.matrices >> size;
  if (!line) throw std::runtime_error("a weight lacks a number");
  weight.bytes = std::make_shared<Bytes>(size);
  return weight;
}

void readLine(const std::string& text, Case& to) {
  std::istringstream line(text);
  std::string kind;
  line >> kind;
  if (kind == "widths" || kind == "outputs") {
    for (double number; line >> number;) (kind == "widths" ? to.widths : to.outputs).push_back(number);
  } else if (kind == "weight") {
    to.weights.push_back(readWeight(line));
  } else if (kind == "operator") {
    to.operators.push_back(readOperator(line));
  } else {
    throw std::runtime_error("a case has the line " + text);
  }
}

}  // namespace

std::vector<Case> readCases(std::istream& from) {
  std::vector<Case> cases;
  Case one;
  for (std::string line; std::getline(from, line);) {
    if (line != "end") {
      readLine(line, one);
      continue;
    }
    double offset = 0;
    for (RawWeight& weight : one.weights) {
      weight.offset = offset;
      offset += double(weight.bytes->size);
      if (!from.read(reinterpret_cast<char*>(weight.bytes->data.get()), std::streamsize(weight.bytes->size))) {
        throw std::runtime_error("the cases end early");
      }
    }
    cases.push_back(std::move(one));
    one = {};
  }
  return cases;
}

}  // namespace hf2gguf
