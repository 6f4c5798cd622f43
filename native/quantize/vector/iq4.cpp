// IQ4_NL and IQ4_XS: scalar/iq4.cpp with 32 elements a lane.
#include "../common/iq4.h"
#include "../families.h"
#include "groups.h"
#include "lanes.h"
#include "transpose.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** The level whose value is nearest; NaN counts as large. */
I levelOf(const F& number) {
  I level = all(15);
  for (int i = 0; i < 15; ++i) level += number < iq4Middle(i);
  return level;
}

F valueOf(const F& number) {
  F value = all(float(IQ4_VALUES[15]));
  for (int i = 14; i >= 0; --i) value = select(number < iq4Middle(i), all(float(IQ4_VALUES[i])), value);
  return value;
}

/**
 * Searches for scales, one a lane, over the values and weights that the caller fills in. The candidates map an element
 * to numbers so near to each other (their ratios are 120 ... 134) that at most one of the middles between values lies
 * among them: so an element is rounded to one of two values, and what either adds to the sums is computed once.
 */
struct ScaleLanes {
  F x[32], weights[32];

  F run() {
    F magnitude = {}, extreme = {};
    for (int j = 0; j < 32; ++j) {
      const F size = abs(x[j]);
      extreme = select(size > magnitude, x[j], extreme);
      magnitude = larger(size, magnitude);
    }
    const I nothing = magnitude < NOTHING;
    extreme = select(nothing, all(1.f), extreme);
    const F first = 1.f / (-extreme / float(IQ4_VALUES[0])), central = float(IQ4_VALUES[0]) / extreme;
    Sums sums = {F{}, F{}};
    for (int j = 0; j < 32; ++j) {
      sums.add(sumsOf(x[j], weights[j], valueOf(first * x[j])));
      choices[j] = choose(central * x[j], x[j], weights[j]);
    }
    F scale = select(sums.q2 > 0.f, sums.xq / sums.q2, F{}), best = scale * sums.xq;
    for (int step = IQ4_FIRST; step <= IQ4_LAST; ++step) {
      sums = fit(float(step + IQ4_VALUES[0]) / extreme);
      const I better = (sums.q2 > 0.f) & (sums.xq * sums.xq > best * sums.q2);
      scale = select(better, sums.xq / sums.q2, scale);
      best = select(better, scale * sums.xq, best);
    }
    return select(nothing, F{}, scale);
  }

 private:
  struct Sums {
    F xq, q2;

    void add(const Sums& more) {
      xq += more.xq;
      q2 += more.q2;
    }
  };
  struct Choice {
    F x, middle;
    Sums low, high;  // of the values below and above the middle
  };
  Choice choices[32];

  static Sums sumsOf(const F& x, const F& weight, const F& value) {
    const F weighted = weight * value;
    return {weighted * x, weighted * value};
  }

  /** The middle that is nearest to `number` as a ratio, so that no candidate is on the other side of another one. */
  static Choice choose(const F& number, const F& x, const F& weight) {
    F low = all(float(IQ4_VALUES[0])), high = all(float(IQ4_VALUES[1])), middle = all(iq4Middle(0));
    for (int i = 1; i < 15; ++i) {
      const I above = number > border(i);
      low = select(above, all(float(IQ4_VALUES[i])), low);
      high = select(above, all(float(IQ4_VALUES[i + 1])), high);
      middle = select(above, all(iq4Middle(i)), middle);
    }
    return {x, middle, sumsOf(x, weight, low), sumsOf(x, weight, high)};
  }

  /** Between two middles: about their geometric mean, which is also more than a tenth away from both; or 0. */
  static constexpr float border(int i) {
    const float below = iq4Middle(i - 1), above = iq4Middle(i);
    return below < 0 && above > 0 ? 0 : 2 / (1 / below + 1 / above);
  }

  Sums fit(const F& inverse) const {
    Sums sums = {F{}, F{}};
    for (const Choice& choice : choices) {
      const I below = inverse * choice.x < choice.middle;
      sums.add({select(below, choice.low.xq, choice.high.xq), select(below, choice.low.q2, choice.high.q2)});
    }
    return sums;
  }
};

/** LANES / SUBS blocks of SUBS times 32 elements. */
template <int SUBS, class Block>
void quantizeBlocks(const float* x, const float* importance, Block* blocks) {
  constexpr int COUNT = 32 * SUBS;
  float weights[LANES * 32];
  for (int i = 0; i < LANES * 32; i += COUNT) {
    weigh<COUNT>(x + i, importance ? importance + i : nullptr, iq4Variance<COUNT>(x + i), weights + i);
  }
  ScaleLanes lanes;
  toLanes<32>(x, lanes.x);
  toLanes<32>(weights, lanes.weights);

  float scales[LANES], inverses[LANES];
  store(scales, lanes.run());
  for (int b = 0; b < LANES / SUBS; ++b) quantizeScales(blocks[b], scales + SUBS * b, inverses + SUBS * b);

  const F inverse = load<F>(inverses);
  I pairs[16];
  for (int j = 0; j < 16; ++j) pairs[j] = levelOf(inverse * lanes.x[j]) | levelOf(inverse * lanes.x[j + 16]) << 4;
  uint8_t bytes[LANES * 16];
  fromLanes<16>(pairs, bytes);
  for (int b = 0; b < LANES / SUBS; ++b) __builtin_memcpy(blocks[b].qs, bytes + 16 * SUBS * b, 16 * SUBS);
}

}  // namespace

void quantizeIQ4_NL(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockIQ4_NL, 32, LANES>(x, weights, y, rows, columns, quantizeBlocks<1, BlockIQ4_NL>);
}
void quantizeIQ4_XS(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  inGroups<BlockIQ4_XS, SUPER_BLOCK, LANES / 8>(x, weights, y, rows, columns, quantizeBlocks<8, BlockIQ4_XS>);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
