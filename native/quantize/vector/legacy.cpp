// Q4_0, Q4_1, Q5_0, Q5_1, Q8_0: scalar/legacy.cpp with a block of 32 a lane.
#include "../families.h"
#include "groups.h"
#include "scale-search.h"
#include "scale.h"
#include "store.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** `level(j)` of element j in each lane, of 4 or 5 bits; INT_MIN counts as 0. */
template <class Block, class Level>
void storeLevels(Block* blocks, Level level) {
  uint8_t bytes[LANES * 16];
  if constexpr (requires { blocks->qh; }) {
    I high = {};
    const auto low = [&](int j) {
      const I five = level(j);
      high |= (five >> 4 & 1) << j;
      return five & 15;
    };
    nibblesFromLanes<16>(low, bytes);
    int32_t bits[LANES];
    store(bits, high);
    for (int lane = 0; lane < LANES; ++lane) __builtin_memcpy(blocks[lane].qh, bits + lane, 4);
  } else {
    nibblesFromLanes<16>(level, bytes);
  }
  storeBytes(blocks, bytes);
}

template <class Block, int LEVELS>
void roundSymmetric(const float* x, Block* blocks) {
  F v[32];
  toLanes<32>(x, v);
  const F d = extremeOf<32>(v) / float(-LEVELS / 2), id = inverse(d);
  storeHalves<&Block::d>(blocks, d);
  storeLevels(blocks, [&](int j) { return smaller(truncated(v[j] * id + (LEVELS / 2 + 0.5f)), all(LEVELS - 1)); });
}

template <class Block, int LEVELS>
void roundAffine(const float* x, Block* blocks) {
  F v[32], min = all(0x1.fffffep127f), max = all(-0x1.fffffep127f);
  for (int i = 0; i < 32; i += 4) {
    toLanes<4, 32>(x + i, v + i);
    for (int j = i; j < i + 4; ++j) {
      min = smaller(v[j], min);
      max = larger(v[j], max);
    }
  }
  const F d = (max - min) / float(LEVELS - 1), id = inverse(d);
  storeHalves<&Block::d>(blocks, d);
  storeHalves<&Block::m>(blocks, min);
  storeLevels(blocks, [&](int j) { return truncated((v[j] - min) * id + 0.5f); });
}

/** Searches with a block a lane; `meanSquares` of the rows that they are from. */
template <class Search>
void run(Search& search, const float* x, const float* importance, const F& meanSquares) {
  toLanes<32>(x, search.x);
  toLanes<32>(importance, search.weights);
  for (int j = 0; j < 32; ++j) {
    search.weights[j] = search.weights[j] * squareRoot(meanSquares + search.x[j] * search.x[j]);
  }
  search.run();
}

template <class Block, int LEVELS>
void fitSymmetric(const float* x, const float* importance, const F& meanSquares, Block* blocks) {
  SymmetricLanes<32, LEVELS / 2> search;
  run(search, x, importance, meanSquares);
  storeHalves<&Block::d>(blocks, withSignOfNan(search.scale));
  storeLevels(blocks, [&](int j) { return search.level(j); });
}

template <class Block, int LEVELS>
void fitAffine(const float* x, const float* importance, const F& meanSquares, Block* blocks) {
  AffineLanes<32, IMPORTANCE_SEARCH<LEVELS - 1>> search;
  run(search, x, importance, meanSquares);
  storeHalves<&Block::d>(blocks, search.scale);
  storeHalves<&Block::m>(blocks, search.min);
  storeLevels(blocks, [&](int j) { return search.level(j); });
}

/** Mean squares of at most LANES rows, with a row a lane. */
void findMeanSquares(const float* x, size_t rows, size_t columns, float* means) {
  for (size_t first = 0; first < rows; first += REGISTER) {
    RegisterF sumX2 = {};
    for (size_t i = 0; i < columns; i += 4) {
      RegisterF four[4];
      fourToLanes([&](size_t lane) { return x + (first + lane < rows ? first + lane : rows - 1) * columns + i; }, four);
      for (int j = 0; j < 4; ++j) sumX2 += four[j] * four[j];
    }
    store(means + first, sumX2 / float(columns));
  }
}

/** Calls SEARCH for each LANES blocks with the mean squares of their rows, which are found for LANES rows at a time. */
template <class Block, void (*SEARCH)(const float* x, const float* importance, const F& meanSquares, Block* blocks)>
void searchRows(const float* x, const float* importance, uint8_t* y, size_t rows, size_t columns) {
  const size_t rowBlocks = columns / 32;
  for (size_t first = 0; first < rows; first += LANES) {
    const size_t some = rows - first < LANES ? rows - first : LANES;
    float means[LANES];
    findMeanSquares(x, some, columns, means);
    size_t block = 0;
    inGroups<Block, 32, LANES>(x, importance, y, some, columns, [&](const float* v, const float* w, Block* blocks) {
      float ofLane[LANES];
      for (size_t lane = 0; lane < LANES; ++lane, ++block) {
        const size_t row = block / rowBlocks;
        ofLane[lane] = means[row < some ? row : some - 1];
      }
      SEARCH(v, w, load<F>(ofLane), blocks);
    });
    x += some * columns;
    y += some * rowBlocks * sizeof(Block);
  }
}

template <class Block, void (*PLAIN)(const float* x, Block* blocks),
          void (*SEARCH)(const float* x, const float* importance, const F& meanSquares, Block* blocks)>
void quantize(const float* x, const float* importance, uint8_t* y, size_t rows, size_t columns) {
  if (importance) return searchRows<Block, SEARCH>(x, importance, y, rows, columns);
  inGroups<Block, 32, LANES>(x, y, rows * columns, PLAIN);
}

void quantizeBlocks(const float* x, BlockQ8_0* blocks) {
  F v[32];
  toLanes<32>(x, v);
  const F d = magnitude<32>(v) / 127.f, id = inverse(d);
  uint8_t bytes[LANES * 32];
  bytesFromLanes<32>([&](int j) { return roundedAway(v[j] * id); }, bytes);
  storeHalves<&BlockQ8_0::d>(blocks, d);
  storeBytes(blocks, bytes);
}

}  // namespace

void quantizeQ4_0(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  using Block = BlockQ4_0;
  quantize<Block, roundSymmetric<Block, 16>, fitSymmetric<Block, 16>>(x, weights, y, rows, columns);
}
void quantizeQ4_1(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  using Block = BlockQ4_1;
  quantize<Block, roundAffine<Block, 16>, fitAffine<Block, 16>>(x, weights, y, rows, columns);
}
void quantizeQ5_0(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  using Block = BlockQ5_0;
  quantize<Block, roundSymmetric<Block, 32>, fitSymmetric<Block, 32>>(x, weights, y, rows, columns);
}
void quantizeQ5_1(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  using Block = BlockQ5_1;
  quantize<Block, roundAffine<Block, 32>, fitAffine<Block, 32>>(x, weights, y, rows, columns);
}
void quantizeQ8_0(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ8_0, 32, LANES>(x, y, rows * columns, quantizeBlocks);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
