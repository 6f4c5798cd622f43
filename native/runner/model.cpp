#include "model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "operators.h"

namespace hf2gguf {
namespace {

/** Tokens that run through the graph together: more would only make the values larger. */
constexpr size_t BATCH_TOKENS = 512;
constexpr size_t SCRATCH_USES = 3;
constexpr size_t MAX_THREADS = 1024;

size_t threadsOf(const ModelSpec& spec) {
  require(spec.threads >= 1 && spec.threads <= MAX_THREADS, "this is no number of threads");
  return spec.threads;
}

Weight weightOf(const WeightSpec& spec, std::map<std::string, std::unique_ptr<Mapping>>& files) {
  const TypeInfo& type = TYPES[spec.type];
  size_t elements, bytes;
  require(spec.columns > 0 && spec.rows > 0 && spec.columns % type.elements == 0, "a weight's rows are not blocks");
  require(!__builtin_mul_overflow(spec.rows, spec.columns, &elements) &&
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
  return {spec.type, spec.kernels, start, spec.columns, spec.rows};
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
      scratch_(pool_.threads(), std::vector<std::vector<float>>(SCRATCH_USES)),
      activations_(spec.weights.size()) {
  require(contextLength_ > 0 && contextLength_ <= size_t(1) << 31, "the context has no length");
  for (const WeightSpec& weight : spec.weights) weights_.push_back(weightOf(weight, files_));
  require(!spec.widths.empty(), "there are no logits");
  for (const size_t width : spec.widths) {
    require(width > 0 && width <= size_t(1) << 31, "a value has no width");
    values_.push_back({.data = nullptr, .width = width, .first = 0});
  }
  storage_.resize(values_.size());
  for (const OperatorSpec& one : spec.operators) operators_.push_back(makeOperator(one, *this));
  checkLogits();
}

/** Of the logits there are only the rows that are asked for: only an operator that replaces them may read them. */
void Model::checkLogits() const {
  const size_t logits = values_.size() - 1;
  const auto reads = [&](const std::vector<size_t>& inputs) {
    return std::find(inputs.begin(), inputs.end(), logits) != inputs.end();
  };
  for (const auto& one : operators_) {
    require(!reads(one->wholeInputs) && (!reads(one->inputs) || (one->output == logits && !one->collects)),
            "an operator reads the logits");
  }
}

std::vector<float> Model::vectorOf(size_t index, size_t count) const {
  const Weight& from = weight(index);
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
  if (activations.sums.empty()) activations.sums.resize(weight(index).columns);
  return &activations;
}

/** The first row that each operator has to compute for the logits from `logitsFrom` on. */
std::vector<size_t> Model::firstRows(size_t logitsFrom) const {
  constexpr size_t NONE = std::numeric_limits<size_t>::max();
  std::vector<size_t> needed(values_.size(), NONE), first(operators_.size());
  needed.back() = logitsFrom;
  for (size_t i = operators_.size(); i-- > 0;) {
    const Operator& one = *operators_[i];
    first[i] = needed[one.output];
    needed[one.output] = NONE;
    if (first[i] == NONE && !collecting_) continue;  // nobody reads it
    const size_t from = one.collects && collecting_ ? 0 : first[i];
    for (const size_t input : one.inputs) needed[input] = std::min(needed[input], from);
    for (const size_t input : one.wholeInputs) needed[input] = 0;
  }
  return first;
}

void Model::run(const Batch& batch, size_t logitsFrom, float* logits, size_t room) {
  require(logitsFrom <= batch.count && batch.past <= contextLength_ && batch.count <= contextLength_ - batch.past,
          "there are more tokens than the context has positions");
  require(room / values_.back().width >= batch.count - logitsFrom, "there is no room for the logits");
  for (const auto& [path, file] : files_) file->check();
  for (size_t done = 0; done < batch.count; done += BATCH_TOKENS) {
    const size_t count = std::min(BATCH_TOKENS, batch.count - done);
    const size_t from = std::min(logitsFrom > done ? logitsFrom - done : 0, count);
    runSome({batch.tokens + done, count, batch.past + done}, from, logits);
    logits += (count - from) * values_.back().width;
  }
}

void Model::runSome(const Batch& batch, size_t logitsFrom, float* logits) {
  for (size_t i = 0; i + 1 < values_.size(); ++i) {
    if (storage_[i].size() < batch.count * values_[i].width) storage_[i].resize(batch.count * values_[i].width);
    values_[i].data = storage_[i].data();
  }
  values_.back().data = logits;
  values_.back().first = logitsFrom;
  const std::vector<size_t> first = firstRows(logitsFrom);
  for (size_t i = 0; i < operators_.size(); ++i) operators_[i]->run(*this, batch, std::min(first[i], batch.count));
}

}  // namespace hf2gguf
