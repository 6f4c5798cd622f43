// Q4_K, Q5_K, Q6_K: scalar/k-quants.h with a sub-block a lane.
#pragma once
#include "scale-search.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

/** Vectors that hold whole super-blocks, and at least two. */
constexpr int vectorsFor(int subBlocks) { return subBlocks > 2 * LANES ? subBlocks / LANES : 2; }

constexpr int AFFINE_VECTORS = vectorsFor(8), AFFINE_GROUP = AFFINE_VECTORS * LANES / 8;
constexpr int SYMMETRIC_VECTORS = vectorsFor(16), SYMMETRIC_GROUP = SYMMETRIC_VECTORS * LANES / 16;

template <const AffineSearch& SEARCH, class Block>
void quantizeAffine(const float* x, Block* blocks) {
  AffineLanes<32> lanes[AFFINE_VECTORS];
  float scales[AFFINE_VECTORS * LANES], mins[AFFINE_VECTORS * LANES];
  for (int v = 0; v < AFFINE_VECTORS; ++v) {
    AffineLanes<32>& sub = lanes[v];
    toLanes<32>(x + v * LANES * 32, sub.x);
    F sumX2 = {};
    for (int j = 0; j < 32; ++j) sumX2 += sub.x[j] * sub.x[j];
    const F average = sqrt(sumX2 / 32.f);
    for (int j = 0; j < 32; ++j) sub.weights[j] = average + abs(sub.x[j]);
  }
  searchAffine<32, AFFINE_VECTORS>(SEARCH, lanes);
  for (int v = 0; v < AFFINE_VECTORS; ++v) {
    store(scales + v * LANES, lanes[v].scale);
    store(mins + v * LANES, -lanes[v].min);
  }
  for (int b = 0; b < AFFINE_GROUP; ++b) storeScales(blocks[b], scales + 8 * b, mins + 8 * b);

  uint8_t bytes[AFFINE_GROUP * SUPER_BLOCK];
  for (int v = 0; v < AFFINE_VECTORS; ++v) {
    const AffineLanes<32>& sub = lanes[v];
    const F d = load<F>(scales + v * LANES), min = load<F>(mins + v * LANES);
    const I unscaled = d == 0.f;
    I levels[32];
    for (int j = 0; j < 32; ++j) levels[j] = clamp(nearestInt((sub.x[j] + min) / d), 0, SEARCH.levels);
    if (any(unscaled)) {
      for (int j = 0; j < 32; ++j) levels[j] = unscaled ? sub.bestLevel(j, SEARCH.levels) : levels[j];
    }
    fromLanes<32>(levels, bytes + v * LANES * 32);
  }
  for (int b = 0; b < AFFINE_GROUP; ++b) pack(bytes + b * SUPER_BLOCK, blocks[b]);
}

inline void quantizeQ6_K(const float* x, BlockQ6_K* blocks) {
  SymmetricLanes<16, 32> lanes[SYMMETRIC_VECTORS];
  float scales[SYMMETRIC_VECTORS * LANES];
  for (int v = 0; v < SYMMETRIC_VECTORS; ++v) toLanes<16>(x + v * LANES * 16, lanes[v].x);
  searchSymmetric<16, 32, SYMMETRIC_VECTORS>(lanes);
  for (int v = 0; v < SYMMETRIC_VECTORS; ++v) store(scales + v * LANES, lanes[v].scale);
  bool used[SYMMETRIC_GROUP];
  for (int b = 0; b < SYMMETRIC_GROUP; ++b) used[b] = storeScales(blocks[b], scales + 16 * b);

  uint8_t bytes[SYMMETRIC_GROUP * SUPER_BLOCK];
  for (int v = 0; v < SYMMETRIC_VECTORS; ++v) {
    const F d = load<F>(scales + v * LANES);
    const I unscaled = d == 0.f;
    I levels[16];
    for (int j = 0; j < 16; ++j) levels[j] = 32 + clamp(nearestInt(lanes[v].x[j] / d), -32, 31);
    if (any(unscaled)) {
      for (int j = 0; j < 16; ++j) levels[j] = unscaled ? lanes[v].bestLevel(j) : levels[j];
    }
    fromLanes<16>(levels, bytes + v * LANES * 16);
  }
  for (int b = 0; b < SYMMETRIC_GROUP; ++b) {
    if (used[b]) pack(bytes + b * SUPER_BLOCK, blocks[b]);
  }
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
