// MXFP4 and NVFP4: scalar/fp4.cpp with a run of elements that share a scale a lane. Nearest values are found by
// counting the midpoints between them that an element exceeds.
#include "../common/fp4.h"

#include "../families.h"
#include "groups.h"
#include "scale.h"
#include "store.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

// common/fp4.h in lanes.

I roundedLog2(const F& value) {
  const I subnormal = asInts(toFloats(asInts(value))) - (149 << 23);
  const I bits = select(value < 0x1p-126f, subnormal, asInts(value));
  const I above = (bits >> 23) - 126;
  const F distance = toFloats(all(0x00800000) - (bits & 0x007fffff)) * 0x1.715476p-24f;
  return select(toFloats(above) - distance == toFloats(above), above, above - 1);
}

F halfFromE8M0(const I& e) {
  return asFloats(select(e < 2, (e + 1) << 21, (e - 1) << 23));
}

F halfFromUE4M3(const I& scale) {
  return select(scale < 8, toFloats(scale) * 0x1p-10f, asFloats((scale << 20) + (119 << 23)));
}

I toUE4M3(const F& scale) {
  const I subnormal = smaller(toInts(scale * 512.f + 0.5f), all(7));
  const I rounded = ((asInts(scale) + 0x80000) >> 20) - (120 << 3);
  return select(scale < 0x1p-6f, subnormal, select(rounded < 0x78, rounded, all(0x7e)));
}

/** In float32 the differences of larger values from all of FP4_VALUES can be equal, and then the first one counts. */
constexpr float LARGE = 0x1p31f;

template <int COUNT>
void nearestOfLarge(const F* x, const F& d, I* levels) {
  for (int j = 0; j < COUNT; ++j) {
    I best = {};
    F bestError = abs(x[j]);
    for (int i = 1; i < 16; ++i) {
      const F error = abs(FP4_VALUES[i] * d - x[j]);
      best = select(error < bestError, all(i), best);
      bestError = smaller(error, bestError);
    }
    levels[j] = best;
  }
}

/** The nearest value times `d` of each element; `largest` is the largest size. */
template <int COUNT>
void nearest(const F* x, const F& d, const F& largest, I* levels) {
  if (any(largest >= LARGE)) return nearestOfLarge<COUNT>(x, d, levels);
  // A midpoint belongs to the value next to 0, and all is next to 0 if the scale is.
  const F unit = select(d == 0.f, all(__builtin_inff()), d);
  F midpoints[7];
  for (int i = 0; i < 7; ++i) midpoints[i] = (FP4_VALUES[i] + FP4_VALUES[i + 1]) / 2 * unit;
  for (int j = 0; j < COUNT; ++j) {
    const F size = abs(x[j]);
    I exceeded = {};  // -1 for each
    for (int i = 0; i < 7; ++i) exceeded = exceeded + (size > midpoints[i]);
    levels[j] = -exceeded | (asInts(x[j]) >> 28 & 8 & exceeded);
  }
}

void quantizeMX(const float* x, BlockMXFP4* blocks) {
  F v[32];
  toLanes<32>(x, v);
  const F largest = magnitude<32>(v);
  const I e = select(largest > 0.f, (roundedLog2(largest) + 125) & 255, I{});
  I levels[32];
  nearest<32>(v, halfFromE8M0(e), largest, levels);
  int32_t exponents[LANES];
  store(exponents, e);
  for (int lane = 0; lane < LANES; ++lane) blocks[lane].e = uint8_t(exponents[lane]);
  uint8_t bytes[LANES * 16];
  nibblesFromLanes<16>([&](int j) { return levels[j]; }, bytes);
  storeBytes(blocks, bytes);
}

/** LANES runs of 16: LANES / 4 blocks. */
void quantizeNV(const float* x, BlockNVFP4* blocks) {
  F v[16];
  toLanes<16>(x, v);
  const F largest = magnitude<16>(v);
  const I scale = toUE4M3(largest / 6.f);
  I levels[16];
  nearest<16>(v, halfFromUE4M3(scale), largest, levels);
  int32_t scales[LANES];
  store(scales, scale);
  uint8_t bytes[LANES * 8];
  nibblesFromLanes<8>([&](int j) { return levels[j]; }, bytes);
  for (int b = 0; b < LANES / 4; ++b) {
    for (int sub = 0; sub < 4; ++sub) blocks[b].d[sub] = uint8_t(scales[4 * b + sub]);
    __builtin_memcpy(blocks[b].qs, bytes + 32 * b, 32);
  }
}

}  // namespace

void quantizeMXFP4(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockMXFP4, 32, LANES>(x, y, rows * columns, quantizeMX);
}
void quantizeNVFP4(const float* x, const float*, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockNVFP4, 64, LANES / 4>(x, y, rows * columns, quantizeNV);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
