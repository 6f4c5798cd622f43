#include "model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "operators.h"

namespace hf2gguf {
namespace {

/** The tokens that run through the graph together. More tokens would only need more memory for values. */
constexpr size_t BATCH_TOKENS = 512;
constexpr size_t SCRATCH_USES = 3;
constexpr size_t MAX_THREADS = 1024;
/** The first needed row of a value that is not needed at all. */
constexpr size_t NONE = std::numeric_limits<size_t>::max();

size_t threadsOf(const ModelSpec& spec) {
  require(spec.threads >= 1 && spec.threads <= MAX_THREADS, "this is no number of threads");
  return spec.threads;
}

Weight weightOf(const WeightSpec& spec, std::map<std::string, std::unique_ptr<Mapping>>& files) {
  const TypeInfo& type = TYPES[spec.type];
  size_t rows, elements, bytes;
  require(spec.columns > 0 && spec.rows > 0 && spec.matrices > 0 && spec.columns % type.elements == 0,
          "a weight's rows are not blocks");
  require(!__builtin_mul_overflow(spec.rows, spec.matrices, &rows) &&
              !__builtin_mul_overflow(rows, spec.columns, &elements) &&
              !__builtin_mul_overflow(elements / type.elements, type.bytes, &bytes),
          "a weight is too large");
  const uint8_t* start = spec.bytes;
  if (spec.path.empty()) {
    require(spec.size == bytes, "a weight has not the size of its shape");
  } else {
    std::unique_ptr<Mapping>& file = files[spec.path];
    if (!file) file = std::make_unique<Mapping>(spec.path);
    if (spec.offset > file->size() || bytes > file->size() - spec.offset) {
      throw FileError(spec.path + " ends before a weight does");
    }
    start = file->bytes() + spec.offset;
  }
  return {spec.type, spec.kernels, start, spec.columns, spec.rows, spec.matrices};
}

}  // namespace

void require(bool condition, const char* what) {
  if (!condition) throw std::invalid_argument(what);
}

float OperatorSpec::real(const std::string& key) const {
  require(has(key), "an operator lacks a number");
  return float(numbers.at(key));
}

size_t OperatorSpec::count(const std::string& key) const {
  require(has(key) && numbers.at(key) >= 1 && numbers.at(key) <= 0x1p31, "an operator's count is none");
  return size_t(numbers.at(key));
}

size_t OperatorSpec::index(const std::string& key, size_t end) const {
  require(has(key) && numbers.at(key) >= 0 && numbers.at(key) < double(end), "an operator names nothing");
  return size_t(numbers.at(key));
}

void Weight::decode(size_t row, size_t from, size_t count, float* x) const {
  const TypeInfo& info = TYPES[type];
  kernels->dequantize[type](bytes + (row * columns + from) / info.elements * info.bytes, x, count);
}

Model::Model(const ModelSpec& spec)
    : kernels_(*spec.kernels),
      pool_(threadsOf(spec)),
      contextLength_(spec.contextLength),
      outputs_(spec.outputs),
      scratch_(pool_.threads(), std::vector<std::vector<float>>(SCRATCH_USES)),
      activations_(spec.weights.size()) {
  require(contextLength_ > 0 && contextLength_ <= size_t(1) << 31, "the context has no length");
  for (const WeightSpec& weight : spec.weights) weights_.push_back(weightOf(weight, files_));
  for (const size_t width : spec.widths) {
    require(width > 0 && width <= size_t(1) << 31, "a value has no width");
    values_.push_back({.data = nullptr, .width = width, .first = 0});
  }
  storage_.resize(values_.size());
  for (const OperatorSpec& one : spec.operators) operators_.push_back(makeOperator(one, *this));
  findDirect();
  checkFiles();
}

/**
 * Finds the outputs that operators can write directly into the caller's memory, without a copy. This is not possible if
 * later operators need rows that the caller did not ask for.
 */
void Model::findDirect() {
  require(!outputs_.empty(), "nothing comes out");
  for (const size_t value : outputs_) require(value < values_.size(), "an output is no value");
  const Needs usual = needsOf(1, false), collecting = needsOf(1, true);
  for (const size_t value : outputs_) {
    const bool once = std::count(outputs_.begin(), outputs_.end(), value) == 1;
    direct_.push_back(once && usual.least[value] > 0 && collecting.least[value] > 0);
  }
}

const Weight& Model::matrix(size_t index) const {
  require(weight(index).matrices == 1, "a weight is more than one matrix");
  return weight(index);
}

std::vector<float> Model::vectorOf(size_t index, size_t count) const {
  const Weight& from = matrix(index);
  require(from.rows == 1 && from.columns == count, "a vector is not as long as its value is wide");
  std::vector<float> x(count);
  from.decode(0, 0, count, x.data());
  return x;
}

float* Model::scratch(size_t thread, size_t use, size_t floats) {
  std::vector<float>& memory = scratch_[thread][use];
  if (memory.size() < floats) memory.resize(floats);
  return memory.data();
}

float* Model::common(size_t floats) {
  if (common_.size() < floats) common_.resize(floats);
  return common_.data();
}

void Model::collect(bool on) {
  collecting_ = on;
  if (on) activations_.assign(weights_.size(), {});
}

Activations* Model::activationsOf(size_t index) {
  if (!collecting_) return nullptr;
  Activations& activations = activations_[index];
  if (activations.sums.empty()) {
    activations.counts.resize(weight(index).matrices);
    activations.sums.resize(weight(index).matrices * weight(index).columns);
  }
  return &activations;
}

/** Finds which rows of each value are needed for the outputs from row `from` on. */
Model::Needs Model::needsOf(size_t from, bool collecting) const {
  std::vector<size_t> needed(values_.size(), NONE);
  Needs needs = {std::vector<size_t>(operators_.size()), needed};
  const auto need = [&](size_t value, size_t row) {
    needed[value] = std::min(needed[value], row);
    needs.least[value] = std::min(needs.least[value], row);
  };
  for (const size_t output : outputs_) need(output, from);
  for (size_t i = operators_.size(); i-- > 0;) {
    const Operator& one = *operators_[i];
    const size_t first = needs.first[i] = needed[one.output];
    needed[one.output] = NONE;
    if (first == NONE && !collecting) continue;  // nobody reads it
    for (const size_t input : one.inputs) need(input, one.collects && collecting ? 0 : first);
    for (const size_t input : one.wholeInputs) need(input, 0);
  }
  return needs;
}

void Model::run(const Batch& batch, size_t from, std::vector<Room> outputs) {
  require(from <= batch.count && batch.past <= contextLength_ && batch.count <= contextLength_ - batch.past,
          "there are more tokens than the context has positions");
  require(outputs.size() == outputs_.size(), "there are more outputs, or fewer");
  for (size_t i = 0; i < outputs.size(); ++i) {
    require(outputs[i].size / width(outputs_[i]) >= batch.count - from, "there is no room for an output");
  }
  for (size_t done = 0; done < batch.count; done += BATCH_TOKENS) {
    // What comes of missing bytes is not worth the time that a batch takes.
    checkFiles();
    const size_t count = std::min(BATCH_TOKENS, batch.count - done);
    const size_t first = std::min(from > done ? from - done : 0, count);
    runSome({batch.tokens + done, count, batch.past + done}, first, outputs);
    for (size_t i = 0; i < outputs.size(); ++i) outputs[i].data += (count - first) * width(outputs_[i]);
  }
  checkFiles();
}

void Model::checkFiles() const {
  for (const auto& [path, file] : files_) file->check();
}

void Model::runSome(const Batch& batch, size_t from, const std::vector<Room>& outputs) {
  std::vector<bool> elsewhere(values_.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!direct_[i]) continue;
    elsewhere[outputs_[i]] = true;
    values_[outputs_[i]].data = outputs[i].data;
    values_[outputs_[i]].first = from;
  }
  for (size_t i = 0; i < values_.size(); ++i) {
    if (elsewhere[i]) continue;
    if (storage_[i].size() < batch.count * width(i)) storage_[i].resize(batch.count * width(i));
    values_[i].data = storage_[i].data();
  }
  const std::vector<size_t> first = needsOf(from, collecting_).first;
  for (size_t i = 0; i < operators_.size(); ++i) {
    if (first[i] != NONE || collecting_) operators_[i]->run(*this, batch, std::min(first[i], batch.count));
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (direct_[i] || from == batch.count) continue;
    const Value& value = values_[outputs_[i]];
    std::copy_n(value.row(from), (batch.count - from) * value.width, outputs[i].data);
  }
}

}  // namespace hf2gguf
