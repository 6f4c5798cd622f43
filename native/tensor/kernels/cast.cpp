// Casts elements by way of float32 or of 64-bit integers.
#include "../../quantize/families.h"
#include "families.h"
#include "floats.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

using Quantize = void (*)(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns);

/** Applies `convert` to each element, in aligned memory. */
template <class T, class To, class Convert>
inline void convertAll(const uint8_t* source, To* to, size_t count, const Convert& convert) {
  T elements[CHUNK];
  __builtin_memcpy(elements, source, count * sizeof(T));
  for (size_t i = 0; i < count; ++i) to[i] = convert(elements[i]);
}

template <class T>
void readNumbers(const uint8_t* source, float* x, size_t count) {
  convertAll<T>(source, x, count, [](T value) { return float(value); });
}
template <float (*DECODE)(uint8_t)>
void readBytes(const uint8_t* source, float* x, size_t count) {
  convertAll<uint8_t>(source, x, count, [](uint8_t code) { return DECODE(code); });
}
inline float fromBool(uint8_t value) { return value != 0; }

/** Whether all elements are signed 64-bit integers. The next functions return the same. */
template <class T>
bool readIntegers(const uint8_t* source, int64_t* y, size_t count) {
  constexpr bool IS_SIGNED = T(-1) < T(0);
  bool areExact = true;
  convertAll<T>(source, y, count, [&](T value) {
    areExact &= IS_SIGNED || uint64_t(value) <= uint64_t(INT64_MAX);
    return int64_t(value);
  });
  return areExact;
}
bool integersOf(const double* x, int64_t* y, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (!(x[i] >= -0x1p63 && x[i] < 0x1p63)) return false;  // NaN too
    y[i] = int64_t(x[i]);
    if (double(y[i]) != x[i]) return false;
  }
  return true;
}
bool readDoubles(const uint8_t* source, int64_t* y, size_t count) {
  double x[CHUNK];
  __builtin_memcpy(x, source, count * sizeof(double));
  return integersOf(x, y, count);
}
template <DType DTYPE>
bool readWholeFloats(const uint8_t* source, int64_t* y, size_t count) {
  float x[CHUNK];
  double wide[CHUNK];
  readFloats(DTYPE, source, x, count);
  for (size_t i = 0; i < count; ++i) wide[i] = x[i];
  return integersOf(wide, y, count);
}
bool readBools(const uint8_t* source, int64_t* y, size_t count) {
  convertAll<uint8_t>(source, y, count, [](uint8_t value) { return value != 0; });
  return true;
}

struct Readers {
  void (*floats)(const uint8_t* source, float* x, size_t count);
  bool (*integers)(const uint8_t* source, int64_t* y, size_t count);
};

/** In the order of DType. */
constexpr Readers READERS[] = {
    {readBytes<fromBool>, readBools},
    {readNumbers<uint8_t>, readIntegers<uint8_t>},
    {readNumbers<int8_t>, readIntegers<int8_t>},
    {readNumbers<uint16_t>, readIntegers<uint16_t>},
    {readNumbers<int16_t>, readIntegers<int16_t>},
    {readNumbers<uint32_t>, readIntegers<uint32_t>},
    {readNumbers<int32_t>, readIntegers<int32_t>},
    {readNumbers<uint64_t>, readIntegers<uint64_t>},
    {readNumbers<int64_t>, readIntegers<int64_t>},
    {readBytes<fromE4M3>, readWholeFloats<DType::F8_E4M3>},
    {readBytes<fromE5M2>, readWholeFloats<DType::F8_E5M2>},
    {readBytes<fromE8M0>, readWholeFloats<DType::F8_E8M0>},
    {dequantizeF16, readWholeFloats<DType::F16>},
    {dequantizeBF16, readWholeFloats<DType::BF16>},
    {dequantizeF32, readWholeFloats<DType::F32>},
    {readNumbers<double>, readDoubles},
};
static_assert(sizeof(READERS) / sizeof(READERS[0]) == DTYPE_COUNT);

template <class T>
bool writeIntegers(const int64_t* y, uint8_t* target, size_t count) {
  T elements[CHUNK];
  bool areExact = true;
  for (size_t i = 0; i < count; ++i) {
    elements[i] = T(y[i]);
    areExact &= elements[i] == y[i];
  }
  __builtin_memcpy(target, elements, count * sizeof(T));
  return areExact;
}

bool castToIntegers(const uint8_t* source, DType from, uint8_t* target, DType to, size_t count) {
  const auto read = READERS[size_t(from)].integers;
  const auto write = to == DType::I64 ? writeIntegers<int64_t> : to == DType::I32 ? writeIntegers<int32_t>
                                                                                  : writeIntegers<int8_t>;
  bool areExact = true;
  eachChunk(count, [&](size_t start, size_t length) {
    int64_t y[CHUNK];
    areExact = areExact && read(source + start * bytesOf(from), y, length) &&
               write(y, target + start * bytesOf(to), length);
  });
  return areExact;
}

}  // namespace

void readFloats(DType dtype, const uint8_t* source, float* x, size_t count) {
  READERS[size_t(dtype)].floats(source, x, count);
}

void writeFloats(DType dtype, const float* x, uint8_t* target, size_t count) {
  const Quantize write = dtype == DType::F16 ? quantizeF16 : dtype == DType::BF16 ? quantizeBF16 : quantizeF32;
  write(x, nullptr, target, 1, count);
}

bool cast(const uint8_t* source, DType from, uint8_t* target, DType to, size_t count) {
  if (to == DType::I64 || to == DType::I32 || to == DType::I8) return castToIntegers(source, from, target, to, count);
  eachChunk(count, [&](size_t start, size_t length) {
    float x[CHUNK];
    readFloats(from, source + start * bytesOf(from), x, length);
    writeFloats(to, x, target + start * bytesOf(to), length);
  });
  return true;
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
