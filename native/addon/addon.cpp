// What Node sees of the quantizer. It keeps no state, so any number of worker threads can load it.
// The TypeScript side is src/quantize/native.ts.
#include <napi.h>

#include <exception>

#include "../quantize/quantize.h"
#include "../quantize/targets.h"

namespace {

using namespace hf2gguf;

Type typeOf(const Napi::Env& env, const Napi::Value& number) {
  const int wanted = number.As<Napi::Number>().Int32Value();
  for (int type = 0; type < TYPE_COUNT; ++type) {
    if (TYPES[type].number == wanted) return Type(type);
  }
  throw Napi::RangeError::New(env, "no kernel makes ggml type " + std::to_string(wanted));
}

Type floatTypeOf(const Napi::Env& env, const Napi::Value& number) {
  const Type type = typeOf(env, number);
  if (!isFloat(type)) throw Napi::RangeError::New(env, "a source is F32, F16 or BF16");
  return type;
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

/** check(target): boolean. */
Napi::Value check(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), agreesWithScalar(kernelsOf(info.Env(), info[0])));
}

/**
 * quantize(target, type, source, sourceType, via, rows, columns, output, refuseNonFinite):
 * undefined, or { kind: 'non-finite' | 'overflow', row, column }. Types are ggml's numbers.
 */
Napi::Value quantize(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 9 || !info[2].IsTypedArray() || !info[7].IsTypedArray()) {
    throw Napi::TypeError::New(env, "quantize() takes 9 arguments, the third and the eighth Uint8Array");
  }
  Napi::Uint8Array source = info[2].As<Napi::Uint8Array>(), target = info[7].As<Napi::Uint8Array>();
  const Kernels& kernels = kernelsOf(env, info[0]);
  const Job job = {.type = typeOf(env, info[1]),
                   .source = source.Data(),
                   .sourceType = floatTypeOf(env, info[3]),
                   .via = floatTypeOf(env, info[4]),
                   .rows = countOf(env, info[5]),
                   .columns = countOf(env, info[6]),
                   .target = target.Data(),
                   .refuseNonFinite = info[8].ToBoolean()};
  checkSize(env, "the source", job.sourceType, job, source.ByteLength());
  checkSize(env, "the output", job.type, job, target.ByteLength());

  Fault fault;
  try {
    fault = quantizeRows(kernels, job);
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
  if (fault.kind == Fault::NONE) return env.Undefined();
  Napi::Object result = Napi::Object::New(env);
  result["kind"] = Napi::String::New(env, fault.kind == Fault::NON_FINITE ? "non-finite" : "overflow");
  result["row"] = Napi::Number::New(env, double(fault.row));
  result["column"] = Napi::Number::New(env, double(fault.column));
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports["targets"] = Napi::Function::New(env, targets);
  exports["check"] = Napi::Function::New(env, check);
  exports["quantize"] = Napi::Function::New(env, quantize);
  return exports;
}

}  // namespace

NODE_API_MODULE(hf2gguf, init)
