// Multiplies each token with the matrices of its experts. Several tokens of one expert are multiplied together.
#include <algorithm>

#include "../operators.h"
#include "row-tiles.h"

namespace hf2gguf {
namespace {

enum Scratch { TILE, GATHERED, SUMS };

/** The most rows that are multiplied together: a multiple of all targets' `rowTokens`. */
constexpr size_t GROUP_ROWS = 48;

/** A row of the input for an expert, and the row of the output for their product. */
struct Job {
  const float* input;
  float* output;
  size_t expert;
};

class MatMulExperts : public Operator {
 public:
  MatMulExperts(const OperatorSpec& spec, const Model& model)
      : index_(weightOf(spec, "weight", model)),
        weight_(model.weight(index_)),
        tiles_(weight_, model),
        zeros_(PART_ROWS, 0.f),
        input_(valueOf(spec, "input", model)),
        experts_(valueOf(spec, "experts", model)),
        used_(model.width(experts_)),
        shared_(model.width(input_) == weight_.columns) {
    inputs = {input_, experts_};
    output = valueOf(spec, "output", model);
    collects = true;
    require(output != input_ && output != experts_, "mat-mul-experts: the output cannot replace an input");
    require(shared_ || (model.width(input_) % used_ == 0 && model.width(input_) / used_ == weight_.columns),
            "mat-mul-experts: the weight's rows are not as long as the input");
    require(model.width(output) % used_ == 0 && model.width(output) / used_ == weight_.rows,
            "mat-mul-experts: the weight has not as many rows as the output is wide");
  }

  void run(Model& model, const Batch& batch, size_t from) override {
    if (Activations* activations = model.activationsOf(index_)) {
      gather(model, jobsOf(model, 0, batch.count), *activations);
    }
    std::vector<Job> jobs = jobsOf(model, from, batch.count);
    std::sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.expert < b.expert; });
    const std::vector<Range> groups = groupsOf(jobs);
    float* const packed = model.common(jobs.size() * tiles_.depth());
    model.pool().run(groups.size(), [&](size_t group, size_t thread) {
      pack(model, thread, jobs, groups[group], packed);
    });
    const size_t parts = partsOf(weight_.rows, PART_ROWS);
    model.pool().run(groups.size() * parts, [&](size_t part, size_t thread) {
      const size_t row = part % parts * PART_ROWS;
      multiply(model, thread, jobs, groups[part / parts], {row, std::min(weight_.rows, row + PART_ROWS)}, packed);
    });
  }

 private:
  std::vector<Job> jobsOf(const Model& model, size_t from, size_t end) const {
    const Value &input = model.value(input_), &experts = model.value(experts_), &result = model.value(output);
    std::vector<Job> jobs;
    jobs.reserve((end - from) * used_);
    for (size_t token = from; token < end; ++token) {
      for (size_t i = 0; i < used_; ++i) {
        const float expert = experts.row(token)[i];
        require(expert >= 0 && double(expert) < double(weight_.matrices), "mat-mul-experts: no such expert");
        // If statistics are collected, the output may not have rows for all tokens.
        float* const to = token < result.first ? nullptr : result.row(token) + i * weight_.rows;
        jobs.push_back({input.row(token) + (shared_ ? 0 : i * weight_.columns), to, size_t(expert)});
      }
    }
    return jobs;
  }

  static std::vector<Range> groupsOf(const std::vector<Job>& jobs) {
    std::vector<Range> groups;
    for (size_t i = 0; i < jobs.size(); ++i) {
      const bool isNew = groups.empty() || groups.back().size() == GROUP_ROWS || jobs[i].expert != jobs[i - 1].expert;
      if (isNew) groups.push_back({i, i});
      ++groups.back().end;
    }
    return groups;
  }

  void pack(Model& model, size_t thread, const std::vector<Job>& jobs, Range group, float* packed) const {
    const RunnerKernels& kernels = model.kernels();
    const size_t columns = weight_.columns;
    float* const rows = model.scratch(thread, GATHERED, kernels.rowTokens * columns);
    for (size_t first = group.first; first < group.end; first += kernels.rowTokens) {
      const size_t count = std::min(kernels.rowTokens, group.end - first);
      for (size_t i = 0; i < count; ++i) std::copy_n(jobs[first + i].input, columns, rows + i * columns);
      kernels.packRows(rows, columns, count, columns, packed + first * tiles_.depth());
    }
  }

  void multiply(Model& model, size_t thread, const std::vector<Job>& jobs, Range group, Range rows,
                const float* packed) const {
    float* const sums = model.scratch(thread, SUMS, GROUP_ROWS * PART_ROWS);
    const size_t start = jobs[group.first].expert * weight_.rows;
    tiles_.multiply(model, thread, {start + rows.first, start + rows.end}, packed + group.first * tiles_.depth(),
                    group.size(), zeros_.data(), sums, PART_ROWS);
    for (size_t i = 0; i < group.size(); ++i) {
      std::copy_n(sums + i * PART_ROWS, rows.size(), jobs[group.first + i].output + rows.first);
    }
  }

  void gather(Model& model, const std::vector<Job>& jobs, Activations& activations) const {
    const size_t columns = weight_.columns;
    model.pool().run(partsOf(columns, PART_COLUMNS), [&](size_t part, size_t) {
      const size_t column = part * PART_COLUMNS, count = std::min(PART_COLUMNS, columns - column);
      for (const Job& job : jobs) {
        model.kernels().addSquares(job.input + column, count, activations.sums.data() + job.expert * columns + column);
      }
    });
    for (const Job& job : jobs) activations.counts[job.expert] += 1;
  }

  size_t index_;
  Weight weight_;
  RowTiles tiles_;
  std::vector<float> zeros_;  // that the sums begin with
  size_t input_, experts_;
  size_t used_;  // experts of a token
  bool shared_;  // one row of the input for all experts of a token
};

}  // namespace

std::unique_ptr<Operator> makeMatMulExperts(const OperatorSpec& spec, const Model& model) {
  return std::make_unique<MatMulExperts>(spec, model);
}

}  // namespace hf2gguf
