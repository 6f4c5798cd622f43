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
  float weights[COUNT];  // sums
  uint8_t levels[LANES * SUPER_BLOCK];
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
  const float* importance;

  ImportanceOnly(const float*, const float* given) : importance(given) {}
  void operator()(int sub, const F*, F* weights) const { toLanes<16>(importance + 16 * sub, weights); }
};

/** Searches side by side: more would not fit in the first-level cache. */
template <class Block>
constexpr int TOGETHER = 64 / SIZE<Block>;

template <class Search, class Weights, class Block>
void searchAll(const float* x, const Weights& weigh, Found<Block>& found) {
  for (int group = 0; group < found.COUNT; group += TOGETHER<Block> * LANES) {
    Search searches[TOGETHER<Block>];
    for (int t = 0, sub = group; t < TOGETHER<Block>; ++t, sub += LANES) {
      toLanes<SIZE<Block>>(x + SIZE<Block> * sub, searches[t].x);
      weigh(sub, searches[t].x, searches[t].weights);
    }
    runSearches<TOGETHER<Block>>(searches);
    for (int t = 0, sub = group; t < TOGETHER<Block>; ++t, sub += LANES) {
      const Search& search = searches[t];
    store(found.scales + sub, search.scale);
    if constexpr (SHAPE<Block>.hasMinimum) store(found.mins + sub, -search.min);
    F sum = {};
    for (int j = 0; j < SIZE<Block>; ++j) sum += search.weights[j];
    store(found.weights + sub, sum);
    I levels[SIZE<Block>];
    for (int j = 0; j < SIZE<Block>; ++j) levels[j] = search.level(j);
    fromLanes<SIZE<Block>>(levels, found.levels + SIZE<Block> * sub);
    }
  }
}

/** Rounds again with the scales that the blocks have now; where one is 0 the search's levels stay. */
template <class Block>
void roundAll(const float* x, Found<Block>& found, Block* blocks) {
  constexpr int TOP = SHAPE<Block>.levels;
  for (int b = 0, sub = 0; b < LANES; ++b, sub += SUBS<Block>) {
    if constexpr (SHAPE<Block>.hasMinimum) {
      decodeScales(blocks[b], found.scales + sub, found.mins + sub);
    } else {
      decodeScales(blocks[b], found.scales + sub);
    }
  }
  for (int sub = 0; sub < found.COUNT; sub += LANES) {
    F v[SIZE<Block>];
    I levels[SIZE<Block>];
    toLanes<SIZE<Block>>(x + SIZE<Block> * sub, v);
    const F d = load<F>(found.scales + sub);
    if constexpr (SHAPE<Block>.hasMinimum) {
      const F min = load<F>(found.mins + sub);
      for (int j = 0; j < SIZE<Block>; ++j) levels[j] = clamp(nearestInt((v[j] + min) / d), 0, TOP);
    } else {
      for (int j = 0; j < SIZE<Block>; ++j) levels[j] = clamp(nearestInt(v[j] / d), -TOP, TOP - 1) + TOP;
    }
    uint8_t bytes[LANES * SIZE<Block>];
    fromLanes<SIZE<Block>>(levels, bytes);
    for (int lane = 0; lane < LANES; ++lane) {
      if (found.scales[sub + lane] == 0) continue;
      __builtin_memcpy(found.levels + SIZE<Block> * (sub + lane), bytes + SIZE<Block> * lane, SIZE<Block>);
    }
  }
  for (int b = 0; b < LANES; ++b) pack(found.levels + SUPER_BLOCK * b, blocks[b]);
}

void storeAll(Found<BlockQ6_K>& found, BlockQ6_K* blocks) {
  for (int b = 0; b < LANES; ++b) {
    if (!storeScales(found.scales + 16 * b, blocks[b])) {
      __builtin_memset(found.levels + SUPER_BLOCK * b, 0, SUPER_BLOCK);
    }
  }
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

template <class Search, class Block>
void quantizePlain(const float* x, const float*, Block* blocks) {
  Found<Block> found;
  searchAll<Search>(x, PlainWeights<Block>{}, found);
  storeAll(found, blocks);
  roundAll(x, found, blocks);
}

template <class Search, class Block>
void quantizeWeighted(const float* x, const float* importance, Block* blocks) {
  Found<Block> found;
  searchAll<Search>(x, ImportanceWeights<Block>(x, importance), found);
  searchAllScales(found, blocks);
  roundAll(x, found, blocks);
}

void quantizeImportant(const float* x, const float* importance, BlockQ6_K* blocks) {
  Found<BlockQ6_K> found;
  searchAll<SymmetricLanes<16, 32>>(x, ImportanceOnly(x, importance), found);
  storeAll(found, blocks);
  roundAll(x, found, blocks);
}

/** By one of two kernels, of which the second takes importance. */
template <class Block>
using Kernel = void (*)(const float* x, const float* importance, Block* blocks);

template <class Block>
void quantize(const float* x, const float* importance, uint8_t* y, size_t rows, size_t columns, Kernel<Block> plain,
              Kernel<Block> important) {
  inGroups<Block, SUPER_BLOCK, LANES>(x, importance, y, rows, columns, importance ? important : plain);
}

}  // namespace

void quantizeQ2_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantize<BlockQ2_K>(x, weights, y, rows, columns, quantizePlain<AffineLanes<16, SEARCH_Q2_K>>,
                      quantizeWeighted<AffineLanes<16, IMPORTANCE_SEARCH<3>>>);
}
void quantizeQ3_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantize<BlockQ3_K>(x, weights, y, rows, columns, quantizePlain<RefinedLanes<16, 4>>,
                      quantizeWeighted<SymmetricLanes<16, 4>>);
}
void quantizeQ4_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantize<BlockQ4_K>(x, weights, y, rows, columns, quantizePlain<AffineLanes<32, SEARCH_Q4_K>>,
                      quantizeWeighted<AffineLanes<32, IMPORTANCE_SEARCH<15>>>);
}
void quantizeQ5_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantize<BlockQ5_K>(x, weights, y, rows, columns, quantizePlain<AffineLanes<32, SEARCH_Q5_K>>,
                      quantizeWeighted<AffineLanes<32, IMPORTANCE_SEARCH<31>>>);
}
void quantizeQ6_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantize<BlockQ6_K>(x, weights, y, rows, columns, quantizePlain<SymmetricLanes<16, 32>>, quantizeImportant);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
