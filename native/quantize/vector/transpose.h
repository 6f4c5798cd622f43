// Between elements in a row and one run of elements a lane. It is done within quarters: 128 bits of a register, which
// all instruction sets interleave cheaply. Of four vectors a quarter has addresses (vector, element). Interleaving the
// first two vectors with the last two rotates an address's bits left by one, so two rounds swap its parts.
#pragma once
#include "lanes.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

typedef float Quarter __attribute__((vector_size(16)));
constexpr int QUARTERS = REGISTER / 4;

#if HF2GGUF_REGISTER_BYTES == 16
#define HF2GGUF_LOW 0, 4, 1, 5
#define HF2GGUF_HIGH 2, 6, 3, 7
#elif HF2GGUF_REGISTER_BYTES == 32
#define HF2GGUF_LOW 0, 8, 1, 9, 4, 12, 5, 13
#define HF2GGUF_HIGH 2, 10, 3, 11, 6, 14, 7, 15
#else
#define HF2GGUF_LOW 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define HF2GGUF_HIGH 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#endif

/** In each quarter of COUNT vectors (2 or 4), between (vector, element) and runs of COUNT. */
template <int COUNT, class V>
inline void interleave(V* v) {
  V next[COUNT];
  for (int round = 1; round < COUNT; round *= 2) {
    for (int i = 0; i < COUNT / 2; ++i) {
      next[2 * i] = __builtin_shufflevector(v[i], v[i + COUNT / 2], HF2GGUF_LOW);
      next[2 * i + 1] = __builtin_shufflevector(v[i], v[i + COUNT / 2], HF2GGUF_HIGH);
    }
    for (int i = 0; i < COUNT; ++i) v[i] = next[i];
  }
}

/** A register of quarters q, each from `quarter(q)`. */
template <class From>
inline RegisterF gatherQuarters(From quarter) {
  const auto at = [&](int q) { return load<Quarter>(quarter(q)); };
  if constexpr (QUARTERS == 1) {
    return at(0);
  } else if constexpr (QUARTERS == 2) {
    return __builtin_shufflevector(at(0), at(1), 0, 1, 2, 3, 4, 5, 6, 7);
  } else {
    const auto low = __builtin_shufflevector(at(0), at(1), 0, 1, 2, 3, 4, 5, 6, 7);
    const auto high = __builtin_shufflevector(at(2), at(3), 0, 1, 2, 3, 4, 5, 6, 7);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  }
}

/** Four elements of a run a lane, each from `run(lane)`. */
template <class Run>
inline void fourToLanes(Run run, RegisterF* v) {
  for (int i = 0; i < 4; ++i) v[i] = gatherQuarters([&](int q) { return run(4 * q + i); });
  interleave<4>(v);
}

/** Runs of COUNT floats, one every STRIDE, to one run a lane. */
template <int COUNT, int STRIDE = COUNT, class V>
inline void toLanes(const float* x, V* v) {
  constexpr int REGISTERS = lanesOf<V> / REGISTER;
  RegisterF* registers = reinterpret_cast<RegisterF*>(v);
  for (int r = 0; r < REGISTERS; ++r, x += REGISTER * STRIDE) {
    for (int i = 0; i < COUNT; i += 4) {
      RegisterF four[4];
      fourToLanes([&](int lane) { return x + lane * STRIDE + i; }, four);
      for (int j = 0; j < 4; ++j) registers[(i + j) * REGISTERS + r] = four[j];
    }
  }
}

/** Runs of COUNT bytes, four in each integer, one run a lane, to one run after the other. */
template <int COUNT, class V>
inline void wordsFromLanes(const V* words, uint8_t* bytes) {
  constexpr int REGISTERS = lanesOf<V> / REGISTER, TOGETHER = COUNT < 16 ? COUNT / 4 : 4;
  const RegisterI* registers = reinterpret_cast<const RegisterI*>(words);
  for (int r = 0; r < REGISTERS; ++r, bytes += COUNT * REGISTER) {
    for (int i = 0; i < COUNT / 4; i += TOGETHER) {
      RegisterI v[TOGETHER];
      for (int j = 0; j < TOGETHER; ++j) v[j] = registers[(i + j) * REGISTERS + r];
      interleave<TOGETHER>(v);
      for (int j = 0; j < TOGETHER; ++j) {
        const char* quarter = reinterpret_cast<const char*>(v + j);
        for (int q = 0; q < QUARTERS; ++q, quarter += 16) {
          const int run = 4 * q + 4 / TOGETHER * j;  // the first that it has words of
          __builtin_memcpy(bytes + COUNT * run + 4 * i, quarter, 16);
        }
      }
    }
  }
}

/** COUNT integers 0 ... 255 a lane to bytes, one run after the other. */
template <int COUNT>
inline void fromLanes(const I* v, uint8_t* bytes) {
  I words[COUNT / 4];
  for (int i = 0; i < COUNT / 4; ++i) words[i] = v[4 * i] | v[4 * i + 1] << 8 | v[4 * i + 2] << 16 | v[4 * i + 3] << 24;
  wordsFromLanes<COUNT>(words, bytes);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
