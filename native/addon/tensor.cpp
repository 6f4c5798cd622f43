// The TypeScript side is src/quantize/tensor-kernels.ts. All sizes are checked here: the kernels trust them.
#include "tensor.h"

#include <cmath>
#include <string>
#include <vector>

#include "../quantize/types.h"
#include "../tensor/kernels.h"
#include "guarded.h"

namespace hf2gguf {
namespace {

/** Memory of an array, which may be shared with other threads. */
struct Buffer {
  uint8_t* data;
  size_t size;
};

Napi::RangeError rangeError(const Napi::Value& value, const std::string& message) {
  return Napi::RangeError::New(value.Env(), message);
}

const TensorKernels& kernelsOf(const Napi::Value& name) {
  const std::string wanted = name.ToString();
  const TensorKernels* kernels = tensorKernelsOf(wanted.c_str());
  if (kernels == nullptr) throw rangeError(name, "this machine has no target " + wanted);
  return *kernels;
}

Buffer bufferOf(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(value.Env(), "a buffer is no Uint8Array");
  }
  Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

/** A whole number that float64 holds exactly. */
int64_t integerOf(const Napi::Value& value) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (!(std::fabs(number) <= 0x1p53) || number != std::trunc(number)) {
    throw rangeError(value, "a size, stride or offset is no whole number");
  }
  return int64_t(number);
}

size_t countOf(const Napi::Value& value) {
  const int64_t count = integerOf(value);
  if (count < 1) throw rangeError(value, "a count is less than 1");
  return size_t(count);
}

/** The position of a name in a list of them. */
template <class Name>
size_t indexOf(const Napi::Value& value, size_t count, const Name& name) {
  const std::string wanted = value.ToString();
  for (size_t i = 0; i < count; ++i) {
    if (wanted == name(i)) return i;
  }
  throw rangeError(value, "no kernel knows " + wanted);
}

DType dtypeOf(const Napi::Value& value) {
  return DType(indexOf(value, DTYPE_COUNT, [](size_t i) { return DTYPE_INFOS[i].name; }));
}

DType floatTypeOf(const Napi::Value& value) {
  const DType dtype = dtypeOf(value);
  if (dtype != DType::F32 && dtype != DType::F16) throw rangeError(value, "arithmetic is done on F32 and F16");
  return dtype;
}

size_t elementsOf(const Napi::Value& value, const Buffer& buffer, size_t bytes) {
  if (buffer.size % bytes != 0) throw rangeError(value, "a buffer ends within an element");
  return buffer.size / bytes;
}

/** @throws Napi::RangeError unless the buffer has exactly `count` times `bytes`. */
void checkSize(const Napi::Value& value, const Buffer& buffer, size_t count, size_t bytes) {
  size_t needed;
  if (__builtin_mul_overflow(count, bytes, &needed) || needed != buffer.size) {
    throw rangeError(value, "a buffer has not the size of its elements");
  }
}

/** One number an axis. */
void readAxes(const Napi::Value& value, size_t count, int64_t* numbers) {
  if (!value.IsArray() || value.As<Napi::Array>().Length() != count) {
    throw rangeError(value, "there is not one stride an axis");
  }
  for (size_t i = 0; i < count; ++i) numbers[i] = integerOf(value.As<Napi::Array>().Get(uint32_t(i)));
}

/** copy(target, source, sourceOffset, sourceStrides, output, outputOffset, outputStrides, sizes, elementBytes) */
void copy(const Napi::CallbackInfo& info) {
  const TensorKernels& kernels = kernelsOf(info[0]);
  const Buffer source = bufferOf(info[1]), target = bufferOf(info[4]);
  const int64_t sourceOffset = integerOf(info[2]), targetOffset = integerOf(info[5]);
  const size_t bytes = countOf(info[8]);
  const size_t count = info[7].IsArray() ? info[7].As<Napi::Array>().Length() : 0;
  if (count > MAX_AXES) throw rangeError(info[7], "a copy has more axes than " + std::to_string(MAX_AXES));
  int64_t sourceStrides[MAX_AXES], targetStrides[MAX_AXES], sizes[MAX_AXES];
  readAxes(info[3], count, sourceStrides);
  readAxes(info[6], count, targetStrides);
  readAxes(info[7], count, sizes);
  Layout layout;
  if (!makeLayout({sourceOffset, sourceStrides, source.size}, {targetOffset, targetStrides, target.size}, sizes, count,
                  bytes, layout)) {
    throw rangeError(info[7], "an element of a copy lies outside its buffer");
  }
  if (layout.bytes > 0) {
    kernels.copy(layout, source.data + size_t(sourceOffset) * bytes, target.data + size_t(targetOffset) * bytes);
  }
}

/** cast(target, source, from, output, to) */
void cast(const Napi::CallbackInfo& info) {
  const TensorKernels& kernels = kernelsOf(info[0]);
  const Buffer source = bufferOf(info[1]), target = bufferOf(info[3]);
  const DType from = dtypeOf(info[2]), to = dtypeOf(info[4]);
  const bool isMade = to == DType::F32 || to == DType::F16 || to == DType::BF16 || to == DType::I64 ||
                      to == DType::I32 || to == DType::I8;
  if (!isMade) throw rangeError(info[4], "no kernel makes this type");
  const size_t count = elementsOf(info[1], source, bytesOf(from));
  checkSize(info[3], target, count, bytesOf(to));
  if (!kernels.cast(source.data, from, target.data, to, count)) {
    throw rangeError(info[1], "a value is not one of the integer type's");
  }
}

/** binary(target, op, dtype, left, right, output) */
void binary(const Napi::CallbackInfo& info) {
  const TensorKernels& kernels = kernelsOf(info[0]);
  const BinaryOp op = BinaryOp(indexOf(info[1], std::size(BINARY_OPS), [](size_t i) { return BINARY_OPS[i]; }));
  const DType dtype = floatTypeOf(info[2]);
  const Buffer left = bufferOf(info[3]), right = bufferOf(info[4]), target = bufferOf(info[5]);
  const size_t count = elementsOf(info[3], left, bytesOf(dtype));
  const size_t rightCount = elementsOf(info[4], right, bytesOf(dtype));
  if (rightCount != 1) checkSize(info[4], right, count, bytesOf(dtype));
  checkSize(info[5], target, count, bytesOf(dtype));
  kernels.binary(op, dtype, left.data, right.data, rightCount, target.data, count);
}

/** unary(target, function, dtype, source, output) */
void unary(const Napi::CallbackInfo& info) {
  const TensorKernels& kernels = kernelsOf(info[0]);
  const UnaryOp op = UnaryOp(indexOf(info[1], std::size(UNARY_OPS), [](size_t i) { return UNARY_OPS[i]; }));
  const DType dtype = floatTypeOf(info[2]);
  const Buffer source = bufferOf(info[3]), target = bufferOf(info[4]);
  const size_t count = elementsOf(info[3], source, bytesOf(dtype));
  checkSize(info[4], target, count, bytesOf(dtype));
  kernels.unary(op, dtype, source.data, target.data, count);
}

size_t naturalOf(const Napi::Value& value) {
  const int64_t number = integerOf(value);
  if (number < 0) throw rangeError(value, "a size, stride or offset is negative");
  return size_t(number);
}

/** A copy: what is checked here, another thread could change in shared memory. @throws Napi::RangeError */
std::vector<int32_t> indicesOf(const Napi::Value& value, size_t available) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) {
    throw Napi::TypeError::New(value.Env(), "indices are an Int32Array");
  }
  const Napi::Int32Array given = value.As<Napi::Int32Array>();
  std::vector<int32_t> indices(given.Data(), given.Data() + given.ElementLength());
  for (const int32_t index : indices) {
    if (index < 0 || size_t(index) >= available) {
      throw rangeError(value, "index " + std::to_string(index) + " is not below " + std::to_string(available));
    }
  }
  return indices;
}

/** A view of `count` codes in `bytes` bytes. */
CodesView codesViewOf(const Napi::Object& given, size_t bytes, size_t count) {
  CodesView view{};
  view.bits = countOf(given["bits"]), view.bytes = bytes, view.first = naturalOf(given["first"]);
  if (view.bits > 8) throw rangeError(given, "codes have 1 to 8 bits");
  const Napi::Value axes = given["axes"];
  view.axisCount = axes.IsArray() ? axes.As<Napi::Array>().Length() : 0;
  if (view.axisCount < 1 || view.axisCount > MAX_AXES) throw rangeError(given, "codes have too few or too many axes");
  size_t elements = 1, end = view.first, reach;
  bool fits = true;
  for (size_t i = 0; i < view.axisCount; ++i) {
    const Napi::Value axis = axes.As<Napi::Array>().Get(uint32_t(i));
    if (!axis.IsArray()) throw rangeError(given, "an axis is a size and a stride");
    auto& own = view.axes[i];
    own = {countOf(axis.As<Napi::Array>().Get(0u)), naturalOf(axis.As<Napi::Array>().Get(1u))};
    fits = fits && !__builtin_mul_overflow(elements, own.size, &elements) &&
           !__builtin_mul_overflow(own.size - 1, own.stride, &reach) && !__builtin_add_overflow(end, reach, &end);
  }
  // `end` is the last code's number. 8 bits of code and 2^53 bytes do not overflow.
  if (!fits || elements != count || end >= bytes * 8 / view.bits) throw rangeError(given, "a buffer has not all codes");
  return view;
}

/** A step of a formula that makes `count` elements. Its index is kept in `indices`. */
FormulaStep stepOf(const Napi::Object& given, size_t count, std::vector<std::vector<int32_t>>& indices) {
  FormulaStep step{};
  step.kind = FormulaKind(indexOf(given["kind"], std::size(FORMULA_KINDS), [](size_t i) { return FORMULA_KINDS[i]; }));
  switch (step.kind) {
    case FormulaKind::VALUES: {
      const Buffer source = bufferOf(given["data"]);
      step.data = source.data;
      step.dtype = dtypeOf(given["dtype"]);
      step.inner = countOf(given["inner"]), step.repeat = countOf(given["repeat"]), step.run = countOf(given["run"]);
      size_t each;
      if (__builtin_mul_overflow(step.repeat, step.run, &each) || count % each != 0 || count / each % step.inner != 0) {
        throw rangeError(given, "the values of a formula do not repeat to its end");
      }
      checkSize(given, source, count / each, bytesOf(step.dtype));
      break;
    }
    case FormulaKind::PICKED: {
      const Buffer source = bufferOf(given["data"]);
      step.data = source.data;
      step.dtype = dtypeOf(given["dtype"]);
      step.inner = countOf(given["inner"]);
      indices.push_back(indicesOf(given["index"], step.inner));
      step.index = indices.back().data(), step.columns = indices.back().size();
      if (step.columns == 0 || count % step.columns != 0) throw rangeError(given, "a formula ends within an index");
      size_t values;
      if (__builtin_mul_overflow(count / step.columns, step.inner, &values)) throw rangeError(given, "too many values");
      checkSize(given, source, values, bytesOf(step.dtype));
      break;
    }
    case FormulaKind::CODES: {
      const Buffer source = bufferOf(given["data"]);
      step.data = source.data;
      step.codes = codesViewOf(given, source.size, count);
      break;
    }
    case FormulaKind::LOOKUP: {
      const Buffer indices = bufferOf(given["data"]), table = bufferOf(given["table"]);
      step.data = indices.data, step.table = table.data, step.width = countOf(given["width"]);
      if (step.width > 8 || (step.width & (step.width - 1)) != 0 || count % step.width != 0) {
        throw rangeError(given, "rows of a formula's table have 1, 2, 4 or 8 values");
      }
      checkSize(given, indices, count / step.width, 1);
      checkSize(given, table, 256 * step.width, sizeof(float));
      break;
    }
    case FormulaKind::NUMBER:
      step.number = Napi::Value(given["value"]).ToNumber().FloatValue();
      break;
    case FormulaKind::BINARY:
      step.operation = indexOf(given["op"], std::size(BINARY_OPS), [](size_t i) { return BINARY_OPS[i]; });
      break;
    case FormulaKind::UNARY:
      step.operation = indexOf(given["fn"], std::size(UNARY_OPS), [](size_t i) { return UNARY_OPS[i]; });
      break;
    case FormulaKind::ROUND:
      step.dtype = dtypeOf(given["to"]);
      if (step.dtype != DType::F16 && step.dtype != DType::BF16) throw rangeError(given, "a formula rounds to F16 or BF16");
      break;
  }
  return step;
}

/** formula(target, steps, to, output) */
void formula(const Napi::CallbackInfo& info) {
  const TensorKernels& kernels = kernelsOf(info[0]);
  const DType to = dtypeOf(info[2]);
  if (to != DType::F32 && to != DType::F16 && to != DType::BF16) throw rangeError(info[2], "no formula makes this type");
  const Buffer target = bufferOf(info[3]);
  const size_t count = elementsOf(info[3], target, bytesOf(to));
  if (!info[1].IsArray()) throw Napi::TypeError::New(info.Env(), "a formula is an array of steps");
  const Napi::Array given = info[1].As<Napi::Array>();
  std::vector<FormulaStep> steps;
  std::vector<std::vector<int32_t>> indices;
  size_t depth = 0;
  for (uint32_t i = 0; i < given.Length(); ++i) {
    if (!given.Get(i).IsObject()) throw Napi::TypeError::New(info.Env(), "a formula's step is an object");
    steps.push_back(stepOf(given.Get(i).As<Napi::Object>(), count, indices));
    const FormulaKind kind = steps.back().kind;
    const size_t operands = kind < FormulaKind::BINARY ? 0 : kind == FormulaKind::BINARY ? 2 : 1;
    if (depth < operands || depth - operands + 1 > FORMULA_DEPTH) throw rangeError(given, "a formula's stack is too small");
    depth = depth - operands + 1;
  }
  if (depth != 1) throw rangeError(given, "a formula leaves one value");
  kernels.formula(steps.data(), steps.size(), to, target.data, count);
}

/** unpack(target, source, wordBytes, bits, output) */
void unpack(const Napi::CallbackInfo& info) {
  const TensorKernels& kernels = kernelsOf(info[0]);
  const Buffer source = bufferOf(info[1]), target = bufferOf(info[4]);
  const size_t wordBytes = countOf(info[2]), bits = countOf(info[3]), count = target.size;
  if (wordBytes != 1 && wordBytes != 2 && wordBytes != 4) throw rangeError(info[2], "words have 1, 2 or 4 bytes");
  if (bits > 8) throw rangeError(info[3], "codes have 1 to 8 bits");
  const size_t bytes = count / 8 * bits + (count % 8 * bits + 7) / 8;
  checkSize(info[1], source, bytes / wordBytes + (bytes % wordBytes != 0), wordBytes);
  kernels.unpack(source.data, bits, target.data, count);
}

/** repack(target, type, codes, scales, output) */
void repack(const Napi::CallbackInfo& info) {
  struct Format {
    const char* name;
    size_t codes, scales, bytes;  // of a block
    decltype(TensorKernels::repackMXFP4) TensorKernels::* repack;
  };
  constexpr Format FORMATS[] = {
      {"MXFP4", sizeof(BlockMXFP4::qs), sizeof(BlockMXFP4::e), sizeof(BlockMXFP4), &TensorKernels::repackMXFP4},
      {"NVFP4", sizeof(BlockNVFP4::qs), sizeof(BlockNVFP4::d), sizeof(BlockNVFP4), &TensorKernels::repackNVFP4},
  };
  const TensorKernels& kernels = kernelsOf(info[0]);
  const Format& format = FORMATS[indexOf(info[1], std::size(FORMATS), [&](size_t i) { return FORMATS[i].name; })];
  const Buffer codes = bufferOf(info[2]), scales = bufferOf(info[3]), target = bufferOf(info[4]);
  const size_t blocks = elementsOf(info[2], codes, format.codes);
  checkSize(info[3], scales, blocks, format.scales);
  checkSize(info[4], target, blocks, format.bytes);
  (kernels.*format.repack)(codes.data, scales.data, target.data, blocks);
}

/** gather(target, source, elementBytes, indices, output) */
void gather(const Napi::CallbackInfo& info) {
  const TensorKernels& kernels = kernelsOf(info[0]);
  const Buffer source = bufferOf(info[1]), target = bufferOf(info[4]);
  const size_t bytes = countOf(info[2]), available = elementsOf(info[1], source, bytes);
  const std::vector<int32_t> indices = indicesOf(info[3], available);
  checkSize(info[4], target, indices.size(), bytes);
  kernels.gather(source.data, bytes, indices.data(), target.data, indices.size());
}

}  // namespace

Napi::Object tensorFunctions(Napi::Env env) {
  Napi::Object functions = Napi::Object::New(env);
  functions["copy"] = guardedFunction<copy>(env);
  functions["cast"] = guardedFunction<cast>(env);
  functions["binary"] = guardedFunction<binary>(env);
  functions["unary"] = guardedFunction<unary>(env);
  functions["formula"] = guardedFunction<formula>(env);
  functions["unpack"] = guardedFunction<unpack>(env);
  functions["repack"] = guardedFunction<repack>(env);
  functions["gather"] = guardedFunction<gather>(env);
  return functions;
}

}  // namespace hf2gguf
