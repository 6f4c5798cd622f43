// What Node sees of the runner: a model that is opened, runs on threads of its own and answers by promises.
// The TypeScript side is src/runner/engine.ts.
#include "runner.h"

#include <memory>

#include "../runner/model.h"
#include "../runner/spec.h"
#include "guarded.h"

namespace hf2gguf {
namespace {

const Target& targetOf(const Napi::Value& name) { return hf2gguf::targetOf(name.As<Napi::String>().Utf8Value()); }
size_t countOf(const Napi::Value& number) { return hf2gguf::countOf(number.As<Napi::Number>().DoubleValue()); }

/** { target, type, columns, rows, matrices, path, offset } or { ..., bytes }. */
WeightSpec weightSpecOf(const Napi::Object& from) {
  WeightSpec spec = {.type = typeOf(from.Get("type").As<Napi::Number>().DoubleValue()),
                     .kernels = targetOf(from.Get("target")).kernels,
                     .columns = countOf(from.Get("columns")),
                     .rows = countOf(from.Get("rows")),
                     .matrices = countOf(from.Get("matrices")),
                     .path = {},
                     .offset = 0,
                     .bytes = nullptr,
                     .size = 0};
  if (from.Get("bytes").IsTypedArray()) {
    const Napi::Uint8Array bytes = from.Get("bytes").As<Napi::Uint8Array>();
    spec.bytes = bytes.Data();
    spec.size = bytes.ByteLength();
  } else {
    spec.path = from.Get("path").As<Napi::String>();
    spec.offset = countOf(from.Get("offset"));
  }
  return spec;
}

/** { op: name, key: number, ... } */
OperatorSpec operatorSpecOf(const Napi::Object& from) {
  OperatorSpec spec{from.Get("op").As<Napi::String>(), {}};
  const Napi::Array keys = from.GetPropertyNames();
  for (uint32_t i = 0; i < keys.Length(); ++i) {
    const Napi::Value value = from.Get(keys[i]);
    if (value.IsNumber()) spec.numbers[keys.Get(i).As<Napi::String>()] = value.As<Napi::Number>().DoubleValue();
  }
  return spec;
}

/** Calls `each` with the elements of an array. */
template <class Each>
void eachOf(const Napi::Value& list, Each each) {
  const Napi::Array array = list.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) each(array.Get(i));
}

ModelSpec modelSpecOf(const Napi::Object& from) {
  ModelSpec spec = {.kernels = &runnerKernelsOf(targetOf(from.Get("target")).name),
                    .threads = countOf(from.Get("threads")),
                    .contextLength = countOf(from.Get("contextLength")),
                    .widths = {},
                    .outputs = {},
                    .weights = {},
                    .operators = {}};
  eachOf(from.Get("widths"), [&](const Napi::Value& width) { spec.widths.push_back(countOf(width)); });
  eachOf(from.Get("outputs"), [&](const Napi::Value& value) { spec.outputs.push_back(countOf(value)); });
  eachOf(from.Get("weights"),
         [&](const Napi::Value& one) { spec.weights.push_back(weightSpecOf(one.As<Napi::Object>())); });
  eachOf(from.Get("operators"),
         [&](const Napi::Value& one) { spec.operators.push_back(operatorSpecOf(one.As<Napi::Object>())); });
  return spec;
}

/** One call of `run`: keeps its arrays, the model and its weights, even if the runner is closed meanwhile. */
class Run : public Napi::AsyncWorker {
 public:
  Run(const Napi::CallbackInfo& info, std::shared_ptr<Model> model, const Napi::Object& spec)
      : AsyncWorker(info.Env()),
        promise_(Napi::Promise::Deferred::New(info.Env())),
        spec_(Napi::Persistent(spec)),
        tokens_(Napi::Persistent(info[0].As<Napi::Object>())),
        outputs_(Napi::Persistent(info[3].As<Napi::Object>())),
        model_(std::move(model)) {
    const Napi::Int32Array tokens = info[0].As<Napi::Int32Array>();
    batch_ = {.tokens = tokens.Data(), .count = tokens.ElementLength(), .past = countOf(info[1])};
    from_ = countOf(info[2]);
    eachOf(info[3], [&](const Napi::Value& output) {
      if (!output.IsTypedArray()) throw std::invalid_argument("an output is no typed array");
      Napi::Float32Array floats = output.As<Napi::Float32Array>();
      rooms_.push_back({floats.Data(), floats.ElementLength()});
    });
  }

  Napi::Promise promise() const { return promise_.Promise(); }

  void Execute() override {
    try {
      model_->run(batch_, from_, rooms_);
    } catch (const std::exception& error) {
      code_ = currentCode();
      SetError(error.what());
    }
  }
  void OnOK() override { promise_.Resolve(Env().Undefined()); }
  void OnError(const Napi::Error& error) override { promise_.Reject(errorOf(Env(), error.Message(), code_).Value()); }

 private:
  Napi::Promise::Deferred promise_;
  Napi::ObjectReference spec_, tokens_, outputs_;  // spec_ has the weights in memory
  std::shared_ptr<Model> model_;
  Batch batch_ = {};
  size_t from_ = 0;
  std::vector<Room> rooms_;
  const char* code_ = nullptr;
};

class Runner : public Napi::ObjectWrap<Runner> {
 public:
  /** new Runner(spec): `Native` in src/runner/engine.ts. */
  explicit Runner(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    const Napi::Env env = info.Env();
    if (!info[0].IsObject()) throw Napi::TypeError::New(env, "new Runner() takes an object");
    model_ = guarded(env, [&] { return std::make_shared<Model>(modelSpecOf(info[0].As<Napi::Object>())); });
    spec_ = Napi::Persistent(info[0].As<Napi::Object>());
  }

  /** run(tokens: Int32Array, past, from, outputs: Float32Array[]): Promise<void>; one at a time. */
  Napi::Value run(const Napi::CallbackInfo& info) {
    if (info.Length() != 4 || !info[0].IsTypedArray() || !info[3].IsArray()) {
      throw Napi::TypeError::New(info.Env(), "run() takes a typed array, two numbers and a list");
    }
    return guarded(info.Env(), [&] {
      auto run = std::make_unique<Run>(info, opened(info.Env()), spec_.Value());
      const Napi::Promise promise = run->promise();
      run.release()->Queue();  // which deletes it
      return promise;
    });
  }

  /** collect(on). */
  void collect(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] { opened(info.Env())->collect(info[0].ToBoolean()); });
  }

  /** activations(weight): { sums, counts }, or undefined. */
  Napi::Value activations(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const auto& all = opened(info.Env())->activations();
      const size_t weight = info[0].As<Napi::Number>().Uint32Value();
      if (weight >= all.size() || all[weight].sums.empty()) return info.Env().Undefined();
      const auto copyOf = [&](const auto& from) {
        Napi::Float32Array to = Napi::Float32Array::New(info.Env(), from.size());
        std::copy(from.begin(), from.end(), to.Data());
        return to;
      };
      Napi::Object result = Napi::Object::New(info.Env());
      result["sums"] = copyOf(all[weight].sums);
      result["counts"] = copyOf(all[weight].counts);
      return result;
    });
  }

  /** close(): what still runs keeps the model until its end. */
  void close(const Napi::CallbackInfo&) {
    model_.reset();
    spec_.Reset();
  }

 private:
  std::shared_ptr<Model> opened(Napi::Env env) const {
    if (!model_) throw Napi::Error::New(env, "the model is closed");
    return model_;
  }

  std::shared_ptr<Model> model_;
  Napi::ObjectReference spec_;  // has the weights in memory
};

}  // namespace

Napi::Function runnerClass(Napi::Env env) {
  return Runner::DefineClass(env, "Runner",
                             {Runner::InstanceMethod("run", &Runner::run),
                              Runner::InstanceMethod("collect", &Runner::collect),
                              Runner::InstanceMethod("activations", &Runner::activations),
                              Runner::InstanceMethod("close", &Runner::close)});
}

}  // namespace hf2gguf
