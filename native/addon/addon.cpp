// What Node sees of the quantizer, and the parts of the runner and of the tensor kernels. It keeps no state, so any number
// of worker threads can load it.
// The TypeScript side is src/quantize/native.ts.
#include <napi.h>

#include <algorithm>

#include "../quantize/blocks.h"
#include "../quantize/quantize.h"
#include "../quantize/targets.h"
#include "distribution.h"
#include "guarded.h"
#include "read-runs.h"
#include "runner.h"
#include "tensor.h"

namespace {

using namespace hf2gguf;

Type typeOf(const Napi::Env& env, const Napi::Value& number) {
  const int wanted = number.As<Napi::Number>().Int32Value();
  for (int type = 0; type < TYPE_COUNT; ++type) {
    if (TYPES[type].number == wanted) return Type(type);
  }
  throw Napi::RangeError::New(env, "no kernel makes ggml type " + std::to_string(wanted));
}

size_t countOf(const Napi::Env& env, const Napi::Value& number) {
  const int64_t count = number.As<Napi::Number>().Int64Value();
  if (count < 0) throw Napi::RangeError::New(env, "a count is negative");
  return size_t(count);
}

void checkSize(const Napi::Env& env, const char* what, Type type, const Job& job, size_t bytes) {
  const TypeInfo& info = TYPES[type];
  size_t elements, needed;
  if (job.columns % info.elements != 0) throw Napi::RangeError::New(env, "columns are no multiple of the block size");
  if (__builtin_mul_overflow(job.rows, job.columns, &elements) ||
      __builtin_mul_overflow(elements / info.elements, info.bytes, &needed) || needed != bytes) {
    throw Napi::RangeError::New(env, std::string(what) + " has not the size of rows x columns");
  }
}

const Kernels& kernelsOf(const Napi::Env& env, const Napi::Value& name) {
  const std::string wanted = name.As<Napi::String>();
  for (const Target& target : availableTargets()) {
    if (wanted == target.name) return *target.kernels;
  }
  throw Napi::RangeError::New(env, "this machine has no target " + wanted);
}

/** targets(): string[], the best first. */
Napi::Value targets(const Napi::CallbackInfo& info) {
  Napi::Array names = Napi::Array::New(info.Env());
  for (const Target& target : availableTargets()) names[names.Length()] = Napi::String::New(info.Env(), target.name);
  return names;
}

/** check(target, type): boolean. */
Napi::Value check(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return Napi::Boolean::New(env, agreesWithScalar(kernelsOf(env, info[0]), typeOf(env, info[1])));
}

/** Null for undefined. */
const float* weightsOf(const Napi::Env& env, const Napi::Value& weights, const Job& job) {
  if (weights.IsUndefined()) return nullptr;
  if (!weights.IsTypedArray() || weights.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
    throw Napi::TypeError::New(env, "weights are a Float32Array");
  }
  const Napi::Float32Array values = weights.As<Napi::Float32Array>();
  if (values.ElementLength() != job.columns) throw Napi::RangeError::New(env, "there is not one weight a column");
  return values.Data();
}

/** In the order of src/quantize/native.ts. */
void addErrors(const Errors& errors, Napi::Float64Array sums) {
  sums[0] += errors.squared;
  sums[1] += errors.weighted;
  sums[2] += errors.sourceSquared;
  sums[3] = std::max(sums[3], double(errors.largest));
}

/**
 * quantize(target, type, source, sourceType, via, rows, columns, weights, output, refuseNonFinite, errors):
 * undefined, or { kind: 'non-finite' | 'overflow', row, column, refused }. Types are ggml's numbers; weights (Float32Array) and
 * errors (Float64Array of 4, added to) may be undefined.
 */
Napi::Value quantize(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 11 || !info[2].IsTypedArray() || !info[8].IsTypedArray()) {
    throw Napi::TypeError::New(env, "quantize() takes 11 arguments, the third and the ninth Uint8Array");
  }
  Napi::Uint8Array source = info[2].As<Napi::Uint8Array>(), target = info[8].As<Napi::Uint8Array>();
  const Kernels& kernels = kernelsOf(env, info[0]);
  Errors errors;
  Job job = {.type = typeOf(env, info[1]),
             .source = source.Data(),
             .sourceType = typeOf(env, info[3]),
             .via = typeOf(env, info[4]),
             .rows = countOf(env, info[5]),
             .columns = countOf(env, info[6]),
             .weights = nullptr,
             .target = target.Data(),
             .refuseNonFinite = info[9].ToBoolean(),
             .errors = info[10].IsUndefined() ? nullptr : &errors};
  job.weights = weightsOf(env, info[7], job);
  if (job.columns % TYPES[job.via].elements != 0 || needsWeights(job.via)) {
    throw Napi::RangeError::New(env, "values cannot pass through this type");
  }
  if (needsWeights(job.type) && job.type != job.sourceType && job.weights == nullptr) {
    throw Napi::RangeError::New(env, "this type cannot be made without weights");
  }
  checkSize(env, "the source", job.sourceType, job, source.ByteLength());
  checkSize(env, "the output", job.type, job, target.ByteLength());

  const Fault fault = quantizeRows(kernels, job);
  if (job.errors) addErrors(errors, info[10].As<Napi::Float64Array>());
  if (fault.kind == Fault::NONE) return env.Undefined();
  Napi::Object result = Napi::Object::New(env);
  result["kind"] = Napi::String::New(env, fault.kind == Fault::NON_FINITE ? "non-finite" : "overflow");
  result["row"] = Napi::Number::New(env, double(fault.row));
  result["column"] = Napi::Number::New(env, double(fault.column));
  result["refused"] = Napi::Boolean::New(env, fault.isRefused);
  return result;
}

/** firstInvalid(type, bytes): the index of the first block that holds no numbers, or undefined. */
Napi::Value firstInvalid(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[1].IsTypedArray()) {
    throw Napi::TypeError::New(env, "firstInvalid() takes 2 arguments, the second a Uint8Array");
  }
  const Type type = typeOf(env, info[0]);
  const Napi::Uint8Array bytes = info[1].As<Napi::Uint8Array>();
  const size_t count = bytes.ByteLength() / TYPES[type].bytes;
  const size_t found = firstInvalidBlock(type, bytes.Data(), count);
  return found == count ? env.Undefined() : Napi::Number::New(env, double(found));
}

/** dequantize(target, type, source, output): `output` is a Float32Array of as many elements as `source` holds. */
Napi::Value dequantize(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 4 || !info[2].IsTypedArray() || !info[3].IsTypedArray()) {
    throw Napi::TypeError::New(env, "dequantize() takes 4 arguments, the third and the fourth typed arrays");
  }
  const Napi::Uint8Array source = info[2].As<Napi::Uint8Array>();
  Napi::Float32Array output = info[3].As<Napi::Float32Array>();
  const Kernels& kernels = kernelsOf(env, info[0]);
  const Type type = typeOf(env, info[1]);
  const size_t count = output.ElementLength();
  if (count % TYPES[type].elements != 0 || count / TYPES[type].elements * TYPES[type].bytes != source.ByteLength()) {
    throw Napi::RangeError::New(env, "the source has not the size of the output's elements");
  }
  kernels.dequantize[type](source.Data(), output.Data(), count);
  return env.Undefined();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports["targets"] = guardedFunction<targets>(env);
  exports["check"] = guardedFunction<check>(env);
  exports["quantize"] = guardedFunction<quantize>(env);
  exports["firstInvalid"] = guardedFunction<firstInvalid>(env);
  exports["dequantize"] = guardedFunction<dequantize>(env);
  exports["exponentials"] = guardedFunction<exponentials>(env);
  exports["weightedDifference"] = guardedFunction<weightedDifference>(env);
  exports["tensor"] = tensorFunctions(env);
  exports["readRuns"] = guardedFunction<readRuns>(env);
  exports["Runner"] = runnerClass(env);
  return exports;
}

}  // namespace

NODE_API_MODULE(hf2gguf, init)
