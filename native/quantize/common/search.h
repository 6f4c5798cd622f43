// The parameters of the scale searches, shared by the scalar and the vector kernels.
#pragma once

namespace hf2gguf {

/** Candidate k of an affine search tries to spread a sub-block over `first + step * k + levels` levels. */
struct AffineSearch {
  int levels;  // the largest level
  float first, step;
  int steps;  // the last candidate

  constexpr float spread(int candidate) const { return first + step * float(candidate) + float(levels); }
};

constexpr AffineSearch SEARCH_Q4_K = {15, -1.f, 0.1f, 20};
constexpr AffineSearch SEARCH_Q5_K = {31, -0.5f, 0.1f, 15};

/** Candidates of a search without a minimum: `-(levels + candidate / 10)` for these, but not 0. */
constexpr int SYMMETRIC_FIRST = -9, SYMMETRIC_LAST = 9;

}  // namespace hf2gguf
