// The TypeScript side is src/runner/distribution.ts.
#include "distribution.h"

#include "../runner/kernels.h"

namespace hf2gguf {
namespace {

const RunnerKernels& kernelsOf(const Napi::Value& target) {
  return runnerKernelsOf(target.As<Napi::String>().Utf8Value().c_str());
}

/** @throws Napi::TypeError, Napi::RangeError unless it has `count` elements of this type. */
template <class Array>
Array arrayOf(const Napi::Value& value, napi_typedarray_type type, size_t count) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    throw Napi::TypeError::New(value.Env(), "an array is not of its type");
  }
  const Array array = value.As<Array>();
  if (array.ElementLength() != count) throw Napi::RangeError::New(value.Env(), "arrays are not of one length");
  return array;
}

size_t lengthOf(const Napi::Value& value) {
  if (!value.IsTypedArray()) throw Napi::TypeError::New(value.Env(), "this is no array");
  return value.As<Napi::TypedArray>().ElementLength();
}

}  // namespace

Napi::Value exponentials(const Napi::CallbackInfo& info) {
  const size_t count = lengthOf(info[1]);
  const auto logits = arrayOf<Napi::Float32Array>(info[1], napi_float32_array, count);
  auto to = arrayOf<Napi::Float64Array>(info[2], napi_float64_array, count);
  const Exponentials found = kernelsOf(info[0]).exponentials(logits.Data(), count, to.Data());
  Napi::Object result = Napi::Object::New(info.Env());
  result["top"] = Napi::Number::New(info.Env(), double(found.top));
  result["sum"] = Napi::Number::New(info.Env(), found.sum);
  return result;
}

Napi::Value weightedDifference(const Napi::CallbackInfo& info) {
  const size_t count = lengthOf(info[1]);
  const auto weights = arrayOf<Napi::Float64Array>(info[1], napi_float64_array, count);
  const auto left = arrayOf<Napi::Float32Array>(info[2], napi_float32_array, count);
  const auto right = arrayOf<Napi::Float32Array>(info[3], napi_float32_array, count);
  const RunnerKernels& kernels = kernelsOf(info[0]);
  const double sum = kernels.weightedDifference(weights.Data(), left.Data(), right.Data(), count);
  return Napi::Number::New(info.Env(), sum);
}

}  // namespace hf2gguf
