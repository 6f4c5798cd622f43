// What the kernels of the K types keep of sub-blocks, and how much their values' errors count.
#pragma once
#include "../common/pack.h"
#include "transpose.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

template <class Block>
constexpr int SUBS = SHAPE<Block>.subBlocks;
template <class Block>
constexpr int SIZE = SUPER_BLOCK / SUBS<Block>;
/** Searches side by side: more would not fit in the first-level cache. */
template <class Block>
constexpr int TOGETHER = 64 / SIZE<Block>;

/** The sub-blocks of up to LANES super-blocks, in order. */
template <class Block>
struct SubBlocks {
  static constexpr int COUNT = LANES * SUBS<Block>;
  const int blocks, used;  // super-blocks, rounded up to whole vectors of sub-blocks; sub-blocks
  // What the searches find, and later what the stored scales stand for.
  float scales[COUNT], mins[COUNT];
  float weights[COUNT];   // sums
  bool zero[LANES] = {};  // the whole super-block is zero

  explicit SubBlocks(int count)
      : blocks((count + LANES / SUBS<Block> - 1) / (LANES / SUBS<Block>) * (LANES / SUBS<Block>)),
        used(blocks * SUBS<Block>) {
    for (int sub = used; sub < COUNT; ++sub) scales[sub] = mins[sub] = weights[sub] = 0;
  }

  /** Reads the scales, and minimums, that the super-blocks have now. */
  void decode(const Block* stored) {
    for (int b = 0, sub = 0; b < blocks; ++b, sub += SUBS<Block>) {
      if constexpr (SHAPE<Block>.hasMinimum) {
        decodeScales(stored[b], scales + sub, mins + sub);
      } else {
        decodeScales(stored[b], scales + sub);
      }
    }
  }
};

/** COUNT values of each lane, one run after the other, to a vector for each. */
template <int COUNT>
void gather(const float* runs, F* v) {
  float columns[COUNT][LANES];
  for (int lane = 0; lane < LANES; ++lane) {
    for (int i = 0; i < COUNT; ++i) columns[i][lane] = runs[lane * COUNT + i];
  }
  for (int i = 0; i < COUNT; ++i) v[i] = load<F>(columns[i]);
}

// How much the errors of values count, for a vector of sub-blocks from `sub` on. SUMS: where the scales are quantized, a
// sub-block counts by the sum of its weights.

/** Without importance: by the values alone. */
template <class Block>
struct PlainWeights {
  static constexpr bool SUMS = false;

  PlainWeights() = default;
  PlainWeights(const float*, const float*) {}

  void operator()(int, const F* x, F* weights) const {
    if constexpr (SIZE<Block> == 32) {
      F sumX2 = {};
      for (int j = 0; j < 32; ++j) sumX2 += x[j] * x[j];
      const F average = squareRoot(sumX2 / 32.f);
      for (int j = 0; j < 32; ++j) weights[j] = average + abs(x[j]);
    } else {
      for (int j = 0; j < 16; ++j) weights[j] = SHAPE<Block>.hasMinimum ? abs(x[j]) : x[j] * x[j];
    }
  }
};

/** By importance and size, beside the mean square of the super-block. */
template <class Block>
class ImportanceWeights {
 public:
  static constexpr bool SUMS = true;

  ImportanceWeights(const float* x, const float* columns) : importance(columns) {
    F sumX2 = {};
    for (int i = 0; i < SUPER_BLOCK; i += 16) {
      F values[16];
      toLanes<16, SUPER_BLOCK>(x + i, values);
      for (int j = 0; j < 16; ++j) sumX2 += values[j] * values[j];
    }
    store(variances, SHAPE<Block>.variance * sumX2 / float(SUPER_BLOCK));
  }

  void operator()(int sub, const F* x, F* weights) const {
    float ofLane[LANES];
    for (int lane = 0; lane < LANES; ++lane) ofLane[lane] = variances[(sub + lane) / SUBS<Block>];
    const F variance = load<F>(ofLane);
    toLanes<SIZE<Block>>(importance + SIZE<Block> * sub, weights);
    for (int j = 0; j < SIZE<Block>; ++j) weights[j] = weights[j] * squareRoot(variance + x[j] * x[j]);
  }

 private:
  const float* importance;
  float variances[LANES];  // of the super-blocks
};

/** By importance alone. */
struct Importance {
  static constexpr bool SUMS = false;
  const float* importance;

  Importance(const float*, const float* columns) : importance(columns) {}
  void operator()(int sub, const F*, F* weights) const { toLanes<16>(importance + 16 * sub, weights); }
};

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
