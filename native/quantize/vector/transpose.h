// Between elements in a row and one run of elements a lane. An array of vectors has an address: (vector, lane).
// Interleaving the first half of the vectors with the second rotates the address's bits left by one, so a few rounds
// swap its two parts.
#pragma once
#include "lanes.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

#if HF2GGUF_REGISTER_BYTES == 16
#define HF2GGUF_LOW 0, 4, 1, 5
#define HF2GGUF_HIGH 2, 6, 3, 7
#elif HF2GGUF_REGISTER_BYTES == 32
#define HF2GGUF_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define HF2GGUF_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define HF2GGUF_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HF2GGUF_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#endif

constexpr int log2Of(int value) { return value == 1 ? 0 : 1 + log2Of(value / 2); }

template <int COUNT, int ROUNDS, class V>
inline void rotateAddress(V* v) {
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

/** Runs of COUNT floats, STRIDE after one another, to one run a lane. */
template <int COUNT, int STRIDE = COUNT>
inline void toLanes(const float* x, RegisterF* v) {
  for (int i = 0; i < COUNT; i += REGISTER) {
    RegisterF square[REGISTER];
    for (int lane = 0; lane < REGISTER; ++lane) square[lane] = load<RegisterF>(x + lane * STRIDE + i);
    rotateAddress<REGISTER, log2Of(REGISTER)>(square);
    for (int j = 0; j < REGISTER; ++j) v[i + j] = square[j];
  }
}
template <int COUNT, int STRIDE = COUNT, class V>
inline void toLanes(const float* x, Pair<V>* v) {
  V a[COUNT], b[COUNT];
  toLanes<COUNT, STRIDE>(x, a);
  toLanes<COUNT, STRIDE>(x + STRIDE * lanesOf<V>, b);
  for (int i = 0; i < COUNT; ++i) v[i] = {a[i], b[i]};
}

/** Runs of COUNT bytes, four in each integer, one run a lane, to one run after the other. */
template <int COUNT>
inline void wordsFromLanes(const RegisterI* words, uint8_t* bytes) {
  RegisterI v[COUNT / 4];
  for (int i = 0; i < COUNT / 4; ++i) v[i] = words[i];
  rotateAddress<COUNT / 4, log2Of(COUNT / 4)>(v);
  __builtin_memcpy(bytes, v, sizeof v);
}
template <int COUNT, class V>
inline void wordsFromLanes(const Pair<V>* words, uint8_t* bytes) {
  V a[COUNT / 4], b[COUNT / 4];
  for (int i = 0; i < COUNT / 4; ++i) a[i] = words[i].a, b[i] = words[i].b;
  wordsFromLanes<COUNT>(a, bytes);
  wordsFromLanes<COUNT>(b, bytes + COUNT * lanesOf<V>);
}

/** COUNT integers 0 ... 255 a lane to bytes, one run after the other. */
template <int COUNT>
inline void fromLanes(const I* v, uint8_t* bytes) {
  I words[COUNT / 4];
  for (int i = 0; i < COUNT / 4; ++i) words[i] = v[4 * i] | v[4 * i + 1] << 8 | v[4 * i + 2] << 16 | v[4 * i + 3] << 24;
  wordsFromLanes<COUNT>(words, bytes);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
