// The vector type of the kernels: LANES floats or 32-bit integers that are worked on side by side, each lane doing
// the scalar kernels' operations in their order, so that the bits are the same. Written with the vector extensions of
// GCC and Clang: a C cast between vectors keeps the bits, a comparison gives a mask of 0 or -1 a lane.
// No header with inline functions may be included here: the linker could keep this instruction set's copy for all.
#pragma once
#include "../common/bits.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

constexpr int LANES = HF2GGUF_LANES;
constexpr int LANES_LOG2 = LANES == 4 ? 2 : LANES == 8 ? 3 : 4;
static_assert(1 << LANES_LOG2 == LANES);

typedef float F __attribute__((vector_size(4 * HF2GGUF_LANES)));
typedef int32_t I __attribute__((vector_size(4 * HF2GGUF_LANES)));
typedef uint32_t U __attribute__((vector_size(4 * HF2GGUF_LANES)));
typedef uint16_t U16 __attribute__((vector_size(2 * HF2GGUF_LANES)));

inline F all(float value) { return value - F{}; }
inline I all(int value) { return value - I{}; }

template <class V>
V load(const void* from) {
  V v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}
template <class V>
void store(void* to, V v) {
  __builtin_memcpy(to, &v, sizeof v);
}

inline F abs(F v) { return (F)((I)v & 0x7fffffff); }
inline F smaller(F a, F b) { return a < b ? a : b; }
inline F larger(F a, F b) { return a > b ? a : b; }
inline I clamp(I v, int low, int high) {
  v = v < high ? v : all(high);
  return v > low ? v : all(low);
}

inline F sqrt(F v) {
  for (int lane = 0; lane < LANES; ++lane) v[lane] = __builtin_sqrtf(v[lane]);
  return v;
}

/** Whether a mask is set in some lane. */
inline bool any(I mask) {
#if defined(__AVX512DQ__) && HF2GGUF_LANES == 16
  return __builtin_ia32_cvtd2mask512(mask) != 0;
#elif defined(__AVX2__) && HF2GGUF_LANES == 8
  return __builtin_ia32_movmskps256((F)mask) != 0;
#else
  int32_t some = 0;
  for (int lane = 0; lane < LANES; ++lane) some |= mask[lane];
  return some != 0;
#endif
}

// Rounding, as in common/bits.h.

inline I nearestInt(F v) { return ((I)(v + ROUNDER) & 0x007fffff) - 0x00400000; }
/** Equal to nearestInt where `isSmall` holds, and cheaper. */
inline F nearest(F v) { return (v + ROUNDER) - ROUNDER; }
inline I isSmall(F v) { return abs(v) < 0x1p22f; }

inline I truncated(F v) {
  const I whole = __builtin_convertvector(v, I);
  return abs(v) < 0x1p31f ? whole : all(INT32_MIN);
}

// Transposing. An array of vectors has an address: (vector, lane). Interleaving the first half of the vectors with the
// second rotates its bits left by one, so a few rounds swap the two parts.

#if HF2GGUF_LANES == 4
#define HF2GGUF_LOW 0, 4, 1, 5
#define HF2GGUF_HIGH 2, 6, 3, 7
#elif HF2GGUF_LANES == 8
#define HF2GGUF_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define HF2GGUF_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define HF2GGUF_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HF2GGUF_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#endif

template <int COUNT, int ROUNDS, class V>
void rotateAddress(V* v) {
  if constexpr (ROUNDS > 0) {
    V next[COUNT];
    for (int i = 0; i < COUNT / 2; ++i) {
      next[2 * i] = __builtin_shufflevector(v[i], v[i + COUNT / 2], HF2GGUF_LOW);
      next[2 * i + 1] = __builtin_shufflevector(v[i], v[i + COUNT / 2], HF2GGUF_HIGH);
    }
    rotateAddress<COUNT, ROUNDS - 1>(next);
    for (int i = 0; i < COUNT; ++i) v[i] = next[i];
  }
}

/** LANES runs of COUNT floats, one after the other, to one run a lane. */
template <int COUNT>
void toLanes(const float* x, F* v) {
  for (int i = 0; i < COUNT; ++i) v[i] = load<F>(x + i * LANES);
  rotateAddress<COUNT, LANES_LOG2>(v);
}

/** COUNT bytes (in integers 0 ... 255) a lane to LANES runs of COUNT bytes, one after the other. */
template <int COUNT>
void fromLanes(const I* v, uint8_t* bytes) {
  constexpr int WORDS = COUNT / 4;
  constexpr int WORDS_LOG2 = WORDS == 2 ? 1 : WORDS == 4 ? 2 : 3;
  static_assert(1 << WORDS_LOG2 == WORDS);
  I words[WORDS];
  for (int i = 0; i < WORDS; ++i) words[i] = v[4 * i] | v[4 * i + 1] << 8 | v[4 * i + 2] << 16 | v[4 * i + 3] << 24;
  rotateAddress<WORDS, WORDS_LOG2>(words);
  __builtin_memcpy(bytes, words, sizeof words);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
