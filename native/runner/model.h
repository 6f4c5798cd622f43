// A graph and its weights, ready to run. It follows src/graphs/graph.ts, with indices in place of names.
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

/** A weight of any type: matrices of `rows` rows each, all rows one after the other. */
struct Weight {
  Type type = F32;
  const Kernels* kernels = nullptr;  // that decode it
  const uint8_t* bytes = nullptr;
  size_t columns = 0, rows = 0, matrices = 0;

  /**
   * Decodes the floats `from` ... `from + count - 1` of a row, whose index counts over all matrices. Both are multiples
   * of the block size.
   */
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

/** The name and the numbers of an operator. Values and weights are given by index. */
struct OperatorSpec {
  std::string name;
  std::map<std::string, double> numbers;

  bool has(const std::string& key) const { return numbers.count(key) != 0; }
  float real(const std::string& key) const;
  /** Reads a whole number from 1 on. */
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

/** The tokens that are run. */
struct Batch {
  const int32_t* tokens;
  size_t count;
  size_t past;  // position of the first
};

/** The rows of a value from row `first` on. */
struct Value {
  float* data = nullptr;
  size_t width = 0, first = 0;
  float* row(size_t token) const { return data + (token - first) * width; }
};

/** Statistics of the inputs of a weight's products. */
struct Activations {
  std::vector<float> sums;     // of squares: (matrices, columns)
  std::vector<double> counts;  // tokens, by matrix
};

/** The memory for the rows of an output. */
struct Room {
  float* data;
  size_t size;  // floats
};

class Model;

/** An operator with its parameters, and with the state that it keeps between runs. */
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
  /** Throws FileError, DescriptorError, std::bad_alloc, and std::invalid_argument if sizes do not agree. */
  explicit Model(const ModelSpec& spec);

  /**
   * Runs the tokens and writes the outputs for which there is room, each (count - from, width). Throws FileError,
   * std::invalid_argument, std::bad_alloc.
   */
  void run(const Batch& batch, size_t from, std::vector<Room> outputs);
  void collect(bool on);
  /** The statistics by weight. A weight without statistics has empty sums. */
  const std::vector<Activations>& activations() const { return activations_; }

  // Functions for operators.
  const RunnerKernels& kernels() const { return kernels_; }
  Pool& pool() { return pool_; }
  size_t contextLength() const { return contextLength_; }
  const Weight& weight(size_t index) const { return weights_[index]; }
  size_t weightCount() const { return weights_.size(); }
  size_t valueCount() const { return values_.size(); }
  const std::vector<size_t>& outputs() const { return outputs_; }
  size_t width(size_t value) const { return values_[value].width; }
  const Value& value(size_t index) const { return values_[index]; }
  /** A weight that must be a single matrix. */
  const Weight& matrix(size_t index) const;
  /** The values of a weight that must be a single row of `count` numbers. */
  std::vector<float> vectorOf(size_t weight, size_t count) const;
  /** Memory for one thread. It is valid until the thread asks again with the same `use`. */
  float* scratch(size_t thread, size_t use, size_t floats);
  /** Memory that all threads share. It is valid until an operator asks again. */
  float* common(size_t floats);
  /** The statistics of a weight; null if they are not collected. */
  Activations* activationsOf(size_t weight);

 private:
  struct Needs {
    std::vector<size_t> first;  // by operator: the row that it begins with
    std::vector<size_t> least;  // by value: the first row of it that is needed anywhere
  };

  void findDirect();
  void checkFiles() const;
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

/** Throws std::invalid_argument unless the condition holds. */
void require(bool condition, const char* what);

}  // namespace hf2gguf
