// Q2_K ... Q6_K: scalar/k-quants.cpp for LANES super-blocks at a time: their sub-blocks are searched and rounded with
// one a lane, LANES at a time, and what sums over a super-block runs with a super-block a lane.
#include "../common/scales.h"
#include "../families.h"
#include "groups.h"
#include "refining-search.h"
#include "transpose.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

template <class Block>
constexpr int SUBS = SHAPE<Block>.subBlocks;
template <class Block>
constexpr int SIZE = SUPER_BLOCK / SUBS<Block>;

/** Of the sub-blocks of LANES super-blocks, in order: what the searches find, and then what the stored scales are. */
template <class Block>
struct Found {
  static constexpr int COUNT = LANES * SUBS<Block>;
  float scales[COUNT], mins[COUNT];
  float weights[COUNT];      // sums
  bool zero[LANES] = {};  // super-blocks that are nothing at all
};

/** COUNT values of each lane, one run after the other, to one vector for each. */
template <int COUNT>
void gather(const float* runs, F* v) {
  float columns[COUNT][LANES];
  for (int lane = 0; lane < LANES; ++lane) {
    for (int i = 0; i < COUNT; ++i) columns[i][lane] = runs[lane * COUNT + i];
  }
  for (int i = 0; i < COUNT; ++i) v[i] = load<F>(columns[i]);
}

// How much the errors of a run of sub-blocks count: without importance by the values alone.

template <class Block>
struct PlainWeights {
  static constexpr bool COUNT_ALIKE = true;  // sub-blocks count alike where their scales are quantized

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

/** With importance, by the super-block's mean square too. */
template <class Block>
struct ImportanceWeights {
  static constexpr bool COUNT_ALIKE = false;
  const float* importance;
  float variances[LANES];  // of the super-blocks

  ImportanceWeights(const float* x, const float* given) : importance(given) {
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
};

/** Importance alone. */
struct ImportanceOnly {
  static constexpr bool COUNT_ALIKE = true;
  const float* importance;

  ImportanceOnly(const float*, const float* given) : importance(given) {}
  void operator()(int sub, const F*, F* weights) const { toLanes<16>(importance + 16 * sub, weights); }
};

/** Searches side by side: more would not fit in the first-level cache. */
template <class Block>
constexpr int TOGETHER = 64 / SIZE<Block>;

template <class Search, class Weights, class Block>
void searchAll(const float* x, const Weights& weigh, Found<Block>& found) {
  constexpr int RUN = SIZE<Block>;
  for (int group = 0; group < found.COUNT; group += TOGETHER<Block> * LANES) {
    Search searches[TOGETHER<Block>];
    for (int t = 0, sub = group; t < TOGETHER<Block>; ++t, sub += LANES) {
      toLanes<RUN>(x + RUN * sub, searches[t].x);
      weigh(sub, searches[t].x, searches[t].weights);
    }
    runSearches<TOGETHER<Block>>(searches);
    for (int t = 0, sub = group; t < TOGETHER<Block>; ++t, sub += LANES) {
      store(found.scales + sub, searches[t].scale);
      if constexpr (SHAPE<Block>.hasMinimum) store(found.mins + sub, -searches[t].min);
      if constexpr (!Weights::COUNT_ALIKE) {
        F sum = {};
        for (int j = 0; j < RUN; ++j) sum += searches[t].weights[j];
        store(found.weights + sub, sum);
      }
    }
  }
}

/** Q3_K without weights. Few sub-blocks change at all: those are put together. */
template <class Search, class Weights>
  requires(Search::VALUES > 0)
void searchAll(const float* x, const Weights& weigh, Found<BlockQ3_K>& found) {
  int left[found.COUNT], count = 0;
  for (int sub = 0; sub < found.COUNT; sub += LANES) {
    Search search;
    toLanes<16>(x + 16 * sub, search.x);
    weigh(sub, search.x, search.weights);
    search.begin();
    int32_t changeable[LANES];
    store(changeable, search.changeable());
    store(found.scales + sub, search.fit.scale());
    for (int lane = 0; lane < LANES; ++lane) {
      left[count] = sub + lane;
      count -= changeable[lane];
    }
  }
  constexpr int AT_ONCE = TOGETHER<BlockQ3_K> * LANES;
  for (int first = 0; first < count; first += AT_ONCE) {
    Search searches[TOGETHER<BlockQ3_K>];
    float values[LANES * 16];
    for (int t = 0; t < TOGETHER<BlockQ3_K>; ++t) {
      for (int lane = 0; lane < LANES; ++lane) {
        const int i = first + t * LANES + lane;
        __builtin_memcpy(values + 16 * lane, x + 16 * left[i < count ? i : first], 16 * sizeof(float));
      }
      toLanes<16>(values, searches[t].x);
      weigh(0, searches[t].x, searches[t].weights);
      searches[t].begin();
    }
    refineAll(searches, left + first, count - first < AT_ONCE ? count - first : AT_ONCE, found.scales);
  }
}

/** Where a scale became 0 the search's levels stay: that is rare, so it runs again for them. */
template <class Search, class Weights, class Block>
void keepLevels(int sub, const F* x, const Weights& weigh, const I& unscaled, I* levels) {
  constexpr int RUN = SIZE<Block>;
  Search search;
  I some = {};
  for (int j = 0; j < RUN; ++j) {
    search.x[j] = x[j];
    some |= unscaled & (x[j] != 0.f);
  }
  if (any(some)) {
    weigh(sub, search.x, search.weights);
    search.run();
    for (int j = 0; j < RUN; ++j) levels[j] = select(unscaled, search.level(j), levels[j]);
  } else {
    for (int j = 0; j < RUN; ++j) levels[j] = select(unscaled, I{}, levels[j]);
  }
}

/** Rounds again with the scales that the blocks have now. */
template <class Search, class Weights, class Block>
void roundAll(const float* x, const Weights& weigh, Found<Block>& found, Block* blocks) {
  constexpr int TOP = SHAPE<Block>.levels, RUN = SIZE<Block>;
  for (int b = 0, sub = 0; b < LANES; ++b, sub += SUBS<Block>) {
    if constexpr (SHAPE<Block>.hasMinimum) {
      decodeScales(blocks[b], found.scales + sub, found.mins + sub);
    } else {
      decodeScales(blocks[b], found.scales + sub);
    }
  }
  for (int sub = 0; sub < found.COUNT; sub += LANES) {
    F v[RUN];
    I levels[RUN];
    toLanes<RUN>(x + RUN * sub, v);
    const F d = load<F>(found.scales + sub);
    if constexpr (SHAPE<Block>.hasMinimum) {
      const F min = load<F>(found.mins + sub);
      for (int j = 0; j < RUN; ++j) levels[j] = clamp(nearestInt((v[j] + min) / d), 0, TOP);
    } else {
      for (int j = 0; j < RUN; ++j) levels[j] = clamp(nearestInt(v[j] / d), -TOP, TOP - 1) + TOP;
    }
    if (any(d == 0.f)) keepLevels<Search, Weights, Block>(sub, v, weigh, d == 0.f, levels);
    uint8_t bytes[LANES * RUN];
    fromLanes<RUN>(levels, bytes);
    for (int i = 0, b = sub / SUBS<Block>; i < LANES / SUBS<Block>; ++i, ++b) {
      if (!found.zero[b]) pack(bytes + SUPER_BLOCK * i, blocks[b]);
    }
  }
}

void storeAll(Found<BlockQ6_K>& found, BlockQ6_K* blocks) {
  for (int b = 0; b < LANES; ++b) found.zero[b] = !storeScales(found.scales + 16 * b, blocks[b]);
}

void storeAll(const Found<BlockQ3_K>& found, BlockQ3_K* blocks) {
  for (int b = 0; b < LANES; ++b) storeScales(found.scales + 16 * b, blocks[b]);
}

template <class Block>
void storeAll(const Found<Block>& found, Block* blocks) {
  for (int b = 0; b < LANES; ++b) storeScales(found.scales + SUBS<Block> * b, found.mins + SUBS<Block> * b, blocks[b]);
}

/** The scale of the scales and the scales as integers, by a search with a super-block a lane. */
template <class Search, class Block>
void searchScales(const float* scales, const Found<Block>& found, uint16_t Block::*d, Block* blocks,
                  uint8_t (*levels)[SUBS<Block>]) {
  Search search;
  gather<SUBS<Block>>(scales, search.x);
  gather<SUBS<Block>>(found.weights, search.weights);
  search.run();
  float ofLane[LANES];
  store(ofLane, search.scale);
  for (int lane = 0; lane < LANES; ++lane) blocks[lane].*d = toHalf(ofLane[lane]);
  for (int j = 0; j < SUBS<Block>; ++j) {
    int32_t column[LANES];
    store(column, search.level(j));
    for (int lane = 0; lane < LANES; ++lane) levels[lane][j] = uint8_t(column[lane]);
  }
}

void searchAllScales(const Found<BlockQ3_K>& found, BlockQ3_K* blocks) {
  uint8_t levels[LANES][16];
  searchScales<SymmetricLanes<16, 32, false>>(found.scales, found, &BlockQ3_K::d, blocks, levels);
  for (int b = 0; b < LANES; ++b) packScales(levels[b], blocks[b]);
}

template <class Block>
void searchAllScales(const Found<Block>& found, Block* blocks) {
  using Search = PositiveLanes<SUBS<Block>, SHAPE<Block>.scaleLevels>;
  uint8_t scales[LANES][SUBS<Block>], mins[LANES][SUBS<Block>];
  searchScales<Search>(found.scales, found, &Block::d, blocks, scales);
  searchScales<Search>(found.mins, found, &Block::dmin, blocks, mins);
  for (int b = 0; b < LANES; ++b) packScales(scales[b], mins[b], blocks[b]);
}

template <class Search, class Weights, class Block>
void quantizeGroup(const float* x, const float* importance, Block* blocks) {
  Found<Block> found;
  const Weights weigh(x, importance);
  searchAll<Search>(x, weigh, found);
  if constexpr (Weights::COUNT_ALIKE) {
    storeAll(found, blocks);
  } else {
    searchAllScales(found, blocks);
  }
  roundAll<Search>(x, weigh, found, blocks);
}

/** By one of two kernels, of which the second takes importance. */
template <class Block, class PlainSearch, class Search, class Importance = ImportanceWeights<Block>>
void quantize(const float* x, const float* importance, uint8_t* y, size_t rows, size_t columns) {
  inGroups<Block, SUPER_BLOCK, LANES>(x, importance, y, rows, columns,
                                      importance ? quantizeGroup<Search, Importance, Block>
                                                 : quantizeGroup<PlainSearch, PlainWeights<Block>, Block>);
}

template <class Block, int SIZE, const AffineSearch& PLAIN>
void quantizeAffine(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  using Search = AffineLanes<SIZE, IMPORTANCE_SEARCH<SHAPE<Block>.levels>>;
  quantize<Block, AffineLanes<SIZE, PLAIN>, Search>(x, weights, y, rows, columns);
}

}  // namespace

void quantizeQ2_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantizeAffine<BlockQ2_K, 16, SEARCH_Q2_K>(x, weights, y, rows, columns);
}
void quantizeQ3_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantize<BlockQ3_K, RefinedLanes<16, 4>, SymmetricLanes<16, 4>>(x, weights, y, rows, columns);
}
void quantizeQ4_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantizeAffine<BlockQ4_K, 32, SEARCH_Q4_K>(x, weights, y, rows, columns);
}
void quantizeQ5_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantizeAffine<BlockQ5_K, 32, SEARCH_Q5_K>(x, weights, y, rows, columns);
}
void quantizeQ6_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  using Search = SymmetricLanes<16, 32>;
  quantize<BlockQ6_K, Search, Search, ImportanceOnly>(x, weights, y, rows, columns);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
