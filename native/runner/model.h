// A graph over its weights, ready to run: what src/graphs/graph.ts says, with numbers for names.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../quantize/kernels.h"
#include "kernels.h"
#include "mapping.h"
#include "pool.h"

namespace hf2gguf {

/** Matrices of `rows` rows, of any type, all rows one after the other. */
struct Weight {
  Type type = F32;
  const Kernels* kernels = nullptr;  // that decode it
  const uint8_t* bytes = nullptr;
  size_t columns = 0, rows = 0, matrices = 0;

  /** Floats `from` ... `from + count - 1` of a row, counted over all matrices; both are multiples of the block size. */
  void decode(size_t row, size_t from, size_t count, float* x) const;
};

/** Where a weight's bytes are. */
struct WeightSpec {
  Type type;
  const Kernels* kernels;
  size_t columns, rows, matrices;
  std::string path;  // empty: `bytes`, which outlive the model
  size_t offset;
  const uint8_t* bytes;
  size_t size;
};

/** An operator's name and numbers; values and weights by their place in the lists. */
struct OperatorSpec {
  std::string name;
  std::map<std::string, double> numbers;

  bool has(const std::string& key) const { return numbers.count(key) != 0; }
  float real(const std::string& key) const;
  /** A whole number from 1 on. */
  size_t count(const std::string& key) const;
  size_t index(const std::string& key, size_t end) const;
};

struct ModelSpec {
  const RunnerKernels* kernels;
  size_t threads, contextLength;
  std::vector<size_t> widths;   // of the values
  std::vector<size_t> outputs;  // the values that are asked for
  std::vector<WeightSpec> weights;
  std::vector<OperatorSpec> operators;
};

/** The tokens at hand. */
struct Batch {
  const int32_t* tokens;
  size_t count;
  size_t past;  // position of the first
};

/** A value's rows from `first` on. */
struct Value {
  float* data = nullptr;
  size_t width = 0, first = 0;
  float* row(size_t token) const { return data + (token - first) * width; }
};

/** What the inputs of a weight's products were. */
struct Activations {
  std::vector<float> sums;     // of squares: (matrices, columns)
  std::vector<double> counts;  // tokens, by matrix
};

/** Memory for an output's rows. */
struct Room {
  float* data;
  size_t size;  // floats
};

class Model;

/** Operators hold their parameters and what they keep between runs. */
class Operator {
 public:
  virtual ~Operator() = default;
  /** Computes rows `from` ... `batch.count - 1` of the output. */
  virtual void run(Model& model, const Batch& batch, size_t from) = 0;

  size_t output = 0;
  std::vector<size_t> inputs;       // whose rows are needed where the output's are
  std::vector<size_t> wholeInputs;  // whose rows are all needed
  bool collects = false;            // whether it gathers activations, for which all rows of the inputs are needed
};

class Model {
 public:
  /** Throws FileError, std::invalid_argument where sizes do not agree, std::bad_alloc. */
  explicit Model(const ModelSpec& spec);

  /**
   * Writes the outputs, each (count - from, width), where there is room for them.
   * Throws FileError, std::invalid_argument, std::bad_alloc.
   */
  void run(const Batch& batch, size_t from, std::vector<Room> outputs);
  void collect(bool on);
  /** By weight; empty sums where there are none. */
  const std::vector<Activations>& activations() const { return activations_; }

  // For the operators.
  const RunnerKernels& kernels() const { return kernels_; }
  Pool& pool() { return pool_; }
  size_t contextLength() const { return contextLength_; }
  const Weight& weight(size_t index) const { return weights_[index]; }
  size_t weightCount() const { return weights_.size(); }
  size_t valueCount() const { return values_.size(); }
  const std::vector<size_t>& outputs() const { return outputs_; }
  size_t width(size_t value) const { return values_[value].width; }
  const Value& value(size_t index) const { return values_[index]; }
  /** A weight of one matrix. */
  const Weight& matrix(size_t index) const;
  /** The values of a weight of one row of `count`. */
  std::vector<float> vectorOf(size_t weight, size_t count) const;
  /** Memory for one thread. It is valid until the thread asks again with the same `use`. */
  float* scratch(size_t thread, size_t use, size_t floats);
  /** Memory that all threads share. It is valid until an operator asks again. */
  float* common(size_t floats);
  /** null while nothing is gathered. */
  Activations* activationsOf(size_t weight);

 private:
  struct Needs {
    std::vector<size_t> first;  // by operator: the row that it begins with
    std::vector<size_t> least;  // by value: the first row of it that is needed anywhere
  };

  void findDirect();
  void runSome(const Batch& batch, size_t from, const std::vector<Room>& outputs);
  Needs needsOf(size_t from, bool collecting) const;

  const RunnerKernels& kernels_;
  Pool pool_;
  size_t contextLength_;
  std::map<std::string, std::unique_ptr<Mapping>> files_;
  std::vector<Weight> weights_;
  std::vector<Value> values_;
  std::vector<size_t> outputs_;
  std::vector<bool> direct_;  // by output: whether it is written where the caller wants it
  std::vector<std::vector<float>> storage_;
  std::vector<std::vector<std::vector<float>>> scratch_;
  std::vector<float> common_;
  std::vector<std::unique_ptr<Operator>> operators_;
  std::vector<Activations> activations_;
  bool collecting_ = false;
};

/** Throws std::invalid_argument. */
void require(bool condition, const char* what);

}  // namespace hf2gguf
