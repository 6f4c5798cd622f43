// Q4_K, Q5_K, Q6_K: scalar/k-quants.cpp with a sub-block a lane.
#include "../families.h"
#include "groups.h"
#include "scale-search.h"
#include "transpose.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** LANES sub-blocks of 32: LANES / 8 super-blocks. */
template <const AffineSearch& SEARCH, class Block>
void quantizeAffine(const float* x, Block* blocks) {
  AffineLanes<32> lanes;
  toLanes<32>(x, lanes.x);
  F sumX2 = {};
  for (int j = 0; j < 32; ++j) sumX2 += lanes.x[j] * lanes.x[j];
  const F average = squareRoot(sumX2 / 32.f);
  for (int j = 0; j < 32; ++j) lanes.weights[j] = average + abs(lanes.x[j]);
  lanes.run(SEARCH);

  float scales[LANES], mins[LANES];
  store(scales, lanes.scale);
  store(mins, -lanes.min);
  for (int b = 0; b < LANES / 8; ++b) storeScales(blocks[b], scales + 8 * b, mins + 8 * b);

  const F d = load<F>(scales), min = load<F>(mins);
  const I unscaled = d == 0.f;
  I levels[32];
  for (int j = 0; j < 32; ++j) levels[j] = clamp(nearestInt((lanes.x[j] + min) / d), 0, SEARCH.levels);
  if (any(unscaled)) {
    for (int j = 0; j < 32; ++j) levels[j] = select(unscaled, lanes.level(j, SEARCH.levels), levels[j]);
  }
  uint8_t bytes[LANES * 32];
  fromLanes<32>(levels, bytes);
  for (int b = 0; b < LANES / 8; ++b) pack(bytes + b * SUPER_BLOCK, blocks[b]);
}

/** LANES sub-blocks of 16: LANES / 16 super-blocks. */
void blockQ6_K(const float* x, BlockQ6_K* blocks) {
  SymmetricLanes<16, 32> lanes;
  toLanes<16>(x, lanes.x);
  lanes.run();

  float scales[LANES];
  bool used[LANES / 16];
  store(scales, lanes.scale);
  for (int b = 0; b < LANES / 16; ++b) used[b] = storeScales(blocks[b], scales + 16 * b);

  const F d = load<F>(scales);
  const I unscaled = d == 0.f;
  I levels[16];
  for (int j = 0; j < 16; ++j) levels[j] = clamp(nearestInt(lanes.x[j] / d), -32, 31) + 32;
  if (any(unscaled)) {
    for (int j = 0; j < 16; ++j) levels[j] = select(unscaled, lanes.level(j), levels[j]);
  }
  uint8_t bytes[LANES * 16];
  fromLanes<16>(levels, bytes);
  for (int b = 0; b < LANES / 16; ++b) {
    if (used[b]) pack(bytes + b * SUPER_BLOCK, blocks[b]);
  }
}

}  // namespace

void quantizeQ4_K(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ4_K, 256, LANES / 8>(x, y, rows * columns, quantizeAffine<SEARCH_Q4_K, BlockQ4_K>);
}
void quantizeQ5_K(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ5_K, 256, LANES / 8>(x, y, rows * columns, quantizeAffine<SEARCH_Q5_K, BlockQ5_K>);
}
void quantizeQ6_K(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockQ6_K, 256, LANES / 16>(x, y, rows * columns, blockQ6_K);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
