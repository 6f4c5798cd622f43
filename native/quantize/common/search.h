// The parameters of the scale searches, shared by the scalar and the vector kernels.
#pragma once

namespace hf2gguf {

/** Scales below this count as zero: the reference's GROUP_MAX_EPS. */
constexpr float NOTHING = 1e-15f;

/** Candidate k of an affine search tries to spread a sub-block over `first + step * k + levels` levels. */
struct AffineSearch {
  int levels;  // the largest level
  float first, step;
  int steps;              // the last candidate
  bool absolute = false;  // errors count by their size, not by their square

  constexpr float spread(int candidate) const { return first + step * float(candidate) + float(levels); }
};

constexpr AffineSearch SEARCH_Q2_K = {3, -0.5f, 0.1f, 15, true};
constexpr AffineSearch SEARCH_Q4_K = {15, -1.f, 0.1f, 20};
constexpr AffineSearch SEARCH_Q5_K = {31, -0.5f, 0.1f, 15};

/** With importance weights: the same for all types. */
template <int LEVELS>
constexpr AffineSearch IMPORTANCE_SEARCH = {LEVELS, -0.9f, 0.05f, 36};

/** Candidates of a search without a minimum: `-(levels + candidate / 10)` for these, but not 0. */
constexpr int SYMMETRIC_FIRST = -9, SYMMETRIC_LAST = 9;

/** Candidates of a search for positive values: `levels + candidate / 10` for these. */
constexpr int POSITIVE_FIRST = -4, POSITIVE_LAST = 4;

/** Passes over the levels, in each of which every level may change. */
constexpr int REFINEMENTS = 5;

}  // namespace hf2gguf
