// Element types of checkpoints, under the names of src/tensor/dtype.ts. Elements are little-endian.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace hf2gguf {

/** Every type: X(name, bytes of an element). */
#define HF2GGUF_DTYPES(X)                                                       \
  X(BOOL, 1) X(U8, 1) X(I8, 1) X(U16, 2) X(I16, 2) X(U32, 4) X(I32, 4) X(U64, 8) X(I64, 8) \
  X(F8_E4M3, 1) X(F8_E5M2, 1) X(F8_E8M0, 1) X(F16, 2) X(BF16, 2) X(F32, 4) X(F64, 8)

/** Position in `DTYPE_INFOS` and in tables of readers. */
enum class DType {
#define X(name, bytes) name,
  HF2GGUF_DTYPES(X)
#undef X
};

struct DTypeInfo {
  const char* name;
  size_t bytes;
};

constexpr DTypeInfo DTYPE_INFOS[] = {
#define X(name, bytes) {#name, bytes},
    HF2GGUF_DTYPES(X)
#undef X
};
constexpr size_t DTYPE_COUNT = sizeof(DTYPE_INFOS) / sizeof(DTYPE_INFOS[0]);

constexpr size_t bytesOf(DType dtype) { return DTYPE_INFOS[size_t(dtype)].bytes; }

}  // namespace hf2gguf
