// IQ1_S and IQ1_M, one super-block of 256 at a time. The sub-blocks' elements are sorted, so that a choice of levels
// 0, 1 and 2 is two places to split them at; all are tried. Then each 8 levels become a point of the grid, and the
// scales are quantized in turn. Reference: quantize_row_iq1_[sm]_impl in ggml-quants.c of llama.cpp v0.5.0.
#include "../common/iq1.h"
#include "../families.h"
#include "blocks.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {
namespace {

/** The elements in ascending order; equal ones stay in theirs. */
template <int COUNT>
void sort(const float* x, int* order) {
  for (int i = 0; i < COUNT; ++i) {
    int place = i;
    for (; place > 0 && x[i] < x[order[place - 1]]; --place) order[place] = order[place - 1];
    order[place] = i;
  }
}

/** Elements before `first` in the order have level 0, from `second` on level 2. */
struct Split {
  int first = -1, second = -1, shifts = 0;
  float scale = 0, score = -0x1.fffffep127f;

  void improve(int i1, int i2, int choice, float sumXQ, float sumQ2) {
    if (!(sumQ2 > 0 && sumXQ * sumXQ > score * sumQ2)) return;
    scale = sumXQ / sumQ2;
    score = scale * sumXQ;
    first = i1;
    second = i2;
    shifts = choice;
  }
};

/** IQ1_S: `shifts` is whether all are shifted down. */
Split search(const float (&x)[32], const float* weights, const int* order) {
  float sumX[33] = {}, sumW[33] = {};
  for (int j = 0; j < 32; ++j) {
    sumX[j + 1] = sumX[j] + weights[order[j]] * x[order[j]];
    sumW[j + 1] = sumW[j] + weights[order[j]];
  }
  Split best;
  for (int i1 = 0; i1 <= 32; ++i1) {
    for (int i2 = i1; i2 <= 32; ++i2) {
      for (int down = 0; down < 2; ++down) {
        const float* q = IQ1_VALUES[down];
        const float sumXQ = sumX[i1] * q[0] + (sumX[i2] - sumX[i1]) * q[1] + (sumX[32] - sumX[i2]) * q[2];
        const float sumQ2 =
            sumW[i1] * q[0] * q[0] + (sumW[i2] - sumW[i1]) * q[1] * q[1] + (sumW[32] - sumW[i2]) * q[2] * q[2];
        best.improve(i1, i2, down, sumXQ, sumQ2);
      }
    }
  }
  return best;
}

/** IQ1_M: the halves of a sub-block are shifted each for itself, by the bits of `shifts`, the first by the high one. */
Split search(const float (&x)[16], const float* weights, const int* order) {
  float sumX[2][17] = {}, sumW[2][17] = {};
  for (int j = 0; j < 16; ++j) {
    for (int half = 0; half < 2; ++half) {
      const bool here = order[j] / 8 == half;
      sumX[half][j + 1] = here ? sumX[half][j] + weights[order[j]] * x[order[j]] : sumX[half][j];
      sumW[half][j + 1] = here ? sumW[half][j] + weights[order[j]] : sumW[half][j];
    }
  }
  Split best;
  for (int i1 = 0; i1 <= 16; ++i1) {
    for (int i2 = i1; i2 <= 16; ++i2) {
      float sumXQ[2][2], sumQ2[2][2];  // [half][down]
      for (int half = 0; half < 2; ++half) {
        for (int down = 0; down < 2; ++down) {
          const float *q = IQ1_VALUES[down], *sums = sumW[half];
          sumXQ[half][down] = sumX[half][16] * q[2] - (sumX[half][i1] + sumX[half][i2]);
          sumQ2[half][down] =
              sums[16] * q[2] * q[2] + sums[i1] * (q[0] * q[0] - q[1] * q[1]) + sums[i2] * (q[1] * q[1] - q[2] * q[2]);
        }
      }
      for (int shifts = 0; shifts < 4; ++shifts) {
        const int a = shifts >> 1, b = shifts & 1;
        best.improve(i1, i2, shifts, sumXQ[0][a] + sumXQ[1][b], sumQ2[0][a] + sumQ2[1][b]);
      }
    }
  }
  return best;
}

/**
 * Of the grid's points in the neighbourhood of one that is not in it, the index of that with the least error.
 * ref-quirk: if no error is finite the reference reads on past the elements; here it is the first then.
 */
uint16_t nearest(const Grid& grid, int list, const float* x, const float* weights, const float* values, float scale) {
  const uint16_t* points = grid.lists + list;
  float least = 0x1.fffffep127f;
  uint16_t best = points[1];
  for (int i = 1; i <= points[0]; ++i) {
    float error = 0;
    for (int j = 0; j < 8; ++j) {
      const float difference = scale * values[levelIn(points[i], j)] - x[j];
      error += weights[j] * difference * difference;
    }
    if (error < least) least = error, best = points[i];
  }
  return uint16_t(grid.places[best]);
}

/** A sub-block of GROUPS times 8 elements that are not all nothing. */
template <int GROUPS>
IQ1Sub<GROUPS> quantizeSub(const Grid& grid, const float (&x)[8 * GROUPS], const float* weights) {
  int order[8 * GROUPS];
  sort<8 * GROUPS>(x, order);
  Split split = search(x, weights, order);
  if (split.first < 0) return {};

  unsigned points[GROUPS] = {};
  for (int j = split.first; j < 8 * GROUPS; ++j) {
    points[order[j] / 8] |= (j < split.second ? 1u : 2u) << (2 * (order[j] % 8));
  }
  const bool negative = split.scale < 0;
  IQ1Sub<GROUPS> sub = {.scale = negative ? -split.scale : split.scale, .down = {}, .index = {}};
  bool inGrid = true;
  for (int group = 0; group < GROUPS; ++group) {
    const int bit = GROUPS == 2 ? 1 - group : 0;
    sub.down[group] = (split.shifts >> bit & 1) != negative;
    const int place = grid.places[negative ? mirrored(points[group]) : points[group]];
    inGrid &= place >= 0;
    sub.index[group] = place >= 0 ? uint16_t(place)
                                  : nearest(grid, ~place, x + 8 * group, weights + 8 * group,
                                            IQ1_VALUES[sub.down[group]], sub.scale);
  }
  if (inGrid) return sub;

  float sumXQ = 0, sumQ2 = 0;
  for (int j = 0; j < 8 * GROUPS; ++j) {
    const float value = sub.value(j / 8, j % 8), weighted = weights[j] * value;
    sumXQ += weighted * x[j];
    sumQ2 += weighted * value;
  }
  if (sumXQ > 0 && sumQ2 > 0) sub.scale = sumXQ / sumQ2;
  return sub;
}

/** All sub-blocks of a super-block, and the weights that were used. Sub-blocks below `nothing` are left at 0. */
template <int GROUPS, int SUBS>
void quantizeSubs(const float* x, const float* importance, float nothing, IQ1Sub<GROUPS> (&subs)[SUBS],
                  float* weights) {
  constexpr int COUNT = 8 * GROUPS;
  const Grid& grid = gridOf(GRID_IQ1);
  weigh<256>(x, importance, 2 * sumSquares<256>(x) / 256, weights);
  for (int i = 0; i < SUBS; ++i, x += COUNT, weights += COUNT) {
    float values[COUNT], magnitude = 0;
    __builtin_memcpy(values, x, sizeof values);
    for (float value : values) magnitude = __builtin_fabsf(value) > magnitude ? __builtin_fabsf(value) : magnitude;
    if (magnitude < nothing) {
      subs[i] = {};
    } else {
      subs[i] = quantizeSub<GROUPS>(grid, values, weights);
    }
  }
}

void quantizeBlock(const float* x, const float* importance, BlockIQ1_S& block) {
  IQ1Sub<4> subs[8];
  float weights[256];
  quantizeSubs(x, importance, NOTHING_IQ1_S, subs, weights);
  pack(subs, block);
}

void quantizeBlock(const float* x, const float* importance, BlockIQ1_M& block) {
  IQ1Sub<2> subs[16];
  float weights[256];
  quantizeSubs(x, importance, NOTHING_IQ1_M, subs, weights);
  pack(subs, x, weights, block);
}

}  // namespace

void quantizeIQ1_S(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockIQ1_S, 256>(x, weights, y, rows, columns, quantizeBlock);
}
void quantizeIQ1_M(const float* x, const float* weights, uint8_t* y, size_t rows, size_t columns) {
  eachBlock<BlockIQ1_M, 256>(x, weights, y, rows, columns, quantizeBlock);
}

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
