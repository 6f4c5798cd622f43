#include "../operators.h"

namespace hf2gguf {
namespace {

class Embed : public Operator {
 public:
  Embed(const OperatorSpec& spec, const Model& model) : weight_(model.matrix(weightOf(spec, "weight", model))) {
    output = valueOf(spec, "output", model);
    require(weight_.columns == model.width(output), "embed: the weight's rows are not as long as the output is wide");
  }

  void run(Model& model, const Batch& batch, size_t from) override {
    for (size_t token = from; token < batch.count; ++token) {
      require(batch.tokens[token] >= 0 && size_t(batch.tokens[token]) < weight_.rows, "embed: no such token");
    }
    eachToken(model, from, batch.count, [&](size_t token, size_t) {
      weight_.decode(size_t(batch.tokens[token]), 0, weight_.columns, model.value(output).row(token));
    });
  }

 private:
  Weight weight_;
};

}  // namespace

std::unique_ptr<Operator> makeEmbed(const OperatorSpec& spec, const Model& model) {
  return std::make_unique<Embed>(spec, model);
}

}  // namespace hf2gguf
