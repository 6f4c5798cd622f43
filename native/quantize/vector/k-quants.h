// Q4_K, Q5_K, Q6_K: scalar/k-quants.h with a sub-block a lane.
#pragma once
#include "scale-search.h"
#include "transpose.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

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
inline void quantizeQ6_K(const float* x, BlockQ6_K* blocks) {
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

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
