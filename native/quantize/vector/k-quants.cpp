// Q2_K ... Q6_K: scalar/k-quants.cpp for LANES super-blocks at a time. Their sub-blocks are searched, and rounded, with
// one a lane; what sums over a super-block runs with a super-block a lane.
#include "../common/scales.h"
#include "../families.h"
#include "groups.h"
#include "refining-search.h"
#include "store.h"
#include "sub-blocks.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** Finds the scale and minimum of every sub-block. */
template <class Search, class Block, class Weights>
void searchAll(const float* x, const Weights& weigh, SubBlocks<Block>& subs) {
  for (int group = 0; group < subs.used; group += TOGETHER<Block> * LANES) {
    Search searches[TOGETHER<Block>];
    for (int t = 0, sub = group; t < TOGETHER<Block>; ++t, sub += LANES) {
      toLanes<SIZE<Block>>(x + SIZE<Block> * sub, searches[t].x);
      weigh(sub, searches[t].x, searches[t].weights);
    }
    runSearches<TOGETHER<Block>>(searches);
    for (int t = 0, sub = group; t < TOGETHER<Block>; ++t, sub += LANES) {
      store(subs.scales + sub, searches[t].scale);
      if constexpr (SHAPE<Block>.hasMinimum) store(subs.mins + sub, -searches[t].min);
      if constexpr (Weights::SUMS) {
        F sum = {};
        for (const F& weight : searches[t].weights) sum += weight;
        store(subs.weights + sub, sum);
      }
    }
  }
}

using Refinement = RefinedLanes<16, SHAPE<BlockQ3_K>.levels>;

/** Finds the scales of sub-blocks that refining may change, as many at a time as go side by side. */
void refineSome(const float* x, const int* changeable, int count, float* scales) {
  constexpr int MOST = TOGETHER<BlockQ3_K>;
  for (int first = 0; first < count; first += MOST * LANES) {
    const auto subOf = [&](int i) { return changeable[first + i < count ? first + i : first]; };
    const int vectors = (count - first + LANES - 1) / LANES, used = vectors < MOST ? vectors : MOST;
    Refinement searches[MOST];
    for (int t = 0; t < used; ++t) {
      float values[LANES * 16];
      for (int lane = 0; lane < LANES; ++lane) {
        __builtin_memcpy(values + 16 * lane, x + 16 * subOf(t * LANES + lane), 16 * sizeof(float));
      }
      toLanes<16>(values, searches[t].x);
      PlainWeights<BlockQ3_K>()(0, searches[t].x, searches[t].weights);
      searches[t].begin<false>();
    }
    refineAll<MOST>(searches, used);
    for (int t = 0; t < used; ++t) {
      float fitted[LANES];
      store(fitted, searches[t].fit.scale());
      for (int lane = 0; lane < LANES; ++lane) scales[subOf(t * LANES + lane)] = fitted[lane];
    }
  }
}

/** Q3_K without importance. Few sub-blocks change after the first levels: those are put together. */
template <class Search, class Block>
void searchAll(const float* x, const PlainWeights<BlockQ3_K>& weigh, SubBlocks<Block>& subs) {
  int changeable[subs.COUNT], count = 0;
  for (int sub = 0; sub < subs.used; sub += LANES) {
    Search search;
    toLanes<16>(x + 16 * sub, search.x);
    weigh(sub, search.x, search.weights);
    int32_t mask[LANES];
    store(mask, search.template begin<true>());
    store(subs.scales + sub, search.fit.scale());
    for (int lane = 0; lane < LANES; ++lane) {
      changeable[count] = sub + lane;
      count += mask[lane] != 0;
    }
  }
  refineSome(x, changeable, count, subs.scales);
}

// How the scales are stored: as they are, or by searches with a super-block a lane.

void storeAll(const SubBlocks<BlockQ3_K>& subs, BlockQ3_K* blocks) {
  for (int b = 0; b < subs.blocks; ++b) storeScales(subs.scales + 16 * b, blocks[b]);
}
void storeAll(SubBlocks<BlockQ6_K>& subs, BlockQ6_K* blocks) {
  for (int b = 0; b < subs.blocks; ++b) subs.zero[b] = !storeScales(subs.scales + 16 * b, blocks[b]);
}
template <class Block>
void storeAll(const SubBlocks<Block>& subs, Block* blocks) {
  for (int b = 0; b < subs.blocks; ++b) {
    storeScales(subs.scales + SUBS<Block> * b, subs.mins + SUBS<Block> * b, blocks[b]);
  }
}

/** Scales or minimums as integers, and what they are multiples of. */
template <class Search, auto D, class Block>
void searchScales(const float* scales, const SubBlocks<Block>& subs, Block* blocks, uint8_t (*levels)[SUBS<Block>]) {
  Search search;
  gather<SUBS<Block>>(scales, search.x);
  gather<SUBS<Block>>(subs.weights, search.weights);
  search.run();
  storeHalves<D>(blocks, withSignOfNan(search.scale));
  for (int j = 0; j < SUBS<Block>; ++j) {
    int32_t column[LANES];
    store(column, search.level(j));
    for (int lane = 0; lane < LANES; ++lane) levels[lane][j] = uint8_t(column[lane]);
  }
}

void searchAllScales(const SubBlocks<BlockQ3_K>& subs, BlockQ3_K* blocks) {
  using Search = SymmetricLanes<16, SHAPE<BlockQ3_K>.scaleLevels, false>;
  uint8_t levels[LANES][16];
  searchScales<Search, &BlockQ3_K::d>(subs.scales, subs, blocks, levels);
  for (int b = 0; b < LANES; ++b) packScales(levels[b], blocks[b]);
}
template <class Block>
void searchAllScales(const SubBlocks<Block>& subs, Block* blocks) {
  using Search = PositiveLanes<SUBS<Block>, SHAPE<Block>.scaleLevels>;
  uint8_t scales[LANES][SUBS<Block>], mins[LANES][SUBS<Block>];
  searchScales<Search, &Block::d>(subs.scales, subs, blocks, scales);
  searchScales<Search, &Block::dmin>(subs.mins, subs, blocks, mins);
  for (int b = 0; b < LANES; ++b) packScales(scales[b], mins[b], blocks[b]);
}

/**
 * The levels of sub-blocks `sub` ... `sub + LANES - 1` where some have the scale 0: those keep the search's levels, for
 * which it runs again, because that is rare.
 */
template <class Search, class Weights, class Level>
__attribute__((noinline)) void keepLevels(int sub, const F* x, const Weights& weigh, const I& unscaled, Level level,
                                          uint8_t* bytes) {
  constexpr int COUNT = sizeof Search::x / sizeof(F);
  I some = {};
  for (int j = 0; j < COUNT; ++j) some |= x[j] != 0.f;
  if (!any(some & unscaled)) {
    bytesFromLanes<COUNT>([&](int j) { return select(unscaled, I{}, level(j)); }, bytes);
    return;
  }
  Search search;
  for (int j = 0; j < COUNT; ++j) search.x[j] = x[j];
  weigh(sub, search.x, search.weights);
  search.run();
  bytesFromLanes<COUNT>([&](int j) { return select(unscaled, search.level(j), level(j)); }, bytes);
}

/** Rounds again with the scales that the blocks have now. */
template <class Search, class Block, class Weights>
void roundAll(const float* x, const Weights& weigh, SubBlocks<Block>& subs, Block* blocks) {
  constexpr int TOP = SHAPE<Block>.levels, BLOCKS = LANES / SUBS<Block>;
  subs.decode(blocks);
  for (int sub = 0, b = 0; sub < subs.used; sub += LANES, b += BLOCKS) {
    F v[SIZE<Block>];
    toLanes<SIZE<Block>>(x + SIZE<Block> * sub, v);
    const F d = load<F>(subs.scales + sub), min = load<F>(subs.mins + sub);
    const auto level = [&](int j) {
      if constexpr (SHAPE<Block>.hasMinimum) return clamp(nearestInt((v[j] + min) / d), 0, TOP);
      return clamp(nearestInt(v[j] / d), -TOP, TOP - 1) + TOP;
    };
    uint8_t bytes[LANES * SIZE<Block>];
    if (any(d == 0.f)) {
      keepLevels<Search>(sub, v, weigh, d == 0.f, level, bytes);
    } else {
      bytesFromLanes<SIZE<Block>>(level, bytes);
    }
    for (int i = 0; i < BLOCKS; ++i) {
      if (!subs.zero[b + i]) pack(bytes + SUPER_BLOCK * i, blocks[b + i]);
    }
  }
}

/** Up to LANES super-blocks. */
template <class Search, class Weights, class Block>
void quantizeGroup(const float* x, const float* importance, Block* blocks, int count) {
  SubBlocks<Block> subs(count);
  const Weights weigh(x, importance);
  searchAll<Search>(x, weigh, subs);
  if constexpr (Weights::SUMS) {
    searchAllScales(subs, blocks);
  } else {
    storeAll(subs, blocks);
  }
  roundAll<Search>(x, weigh, subs, blocks);
}

template <class Block, class PlainSearch, class Search, class Weights = ImportanceWeights<Block>>
void quantize(const float* x, const float* importance, uint8_t* y, size_t rows, size_t columns) {
  inGroups<Block, SUPER_BLOCK, LANES>(x, importance, y, rows, columns,
                                      importance ? quantizeGroup<Search, Weights, Block>
                                                 : quantizeGroup<PlainSearch, PlainWeights<Block>, Block>);
}

template <class Block, const AffineSearch& PLAIN>
void quantizeAffine(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  using Search = AffineLanes<SIZE<Block>, IMPORTANCE_SEARCH<SHAPE<Block>.levels>>;
  quantize<Block, AffineLanes<SIZE<Block>, PLAIN>, Search>(x, weights, y, rows, columns);
}

}  // namespace

void quantizeQ2_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantizeAffine<BlockQ2_K, SEARCH_Q2_K>(x, weights, y, rows, columns);
}
void quantizeQ3_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantize<BlockQ3_K, Refinement, SymmetricLanes<16, 4>>(x, weights, y, rows, columns);
}
void quantizeQ4_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantizeAffine<BlockQ4_K, SEARCH_Q4_K>(x, weights, y, rows, columns);
}
void quantizeQ5_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  quantizeAffine<BlockQ5_K, SEARCH_Q5_K>(x, weights, y, rows, columns);
}
void quantizeQ6_K(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  using Search = SymmetricLanes<16, 32>;
  quantize<BlockQ6_K, Search, Search, Importance>(x, weights, y, rows, columns);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
