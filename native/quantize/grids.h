// The grids of the IQ1, IQ2 and IQ3 types: the points that their blocks store by index, and for each point that is not
// on the grid those nearby, among which a quantizer chooses.
// A point is the levels of 8 elements in 2 bits each, or of 4 elements in 3 bits each, the first element's lowest.
#pragma once
#include <stdint.h>

namespace hf2gguf {

enum GridName {
  GRID_IQ2_XXS,  // 256 points of 8 elements with levels 0 ... 2
  GRID_IQ2_XS,   // 512
  GRID_IQ2_S,    // 1024
  GRID_IQ1,      // 2048: IQ1_S, IQ1_M
  GRID_IQ3_XXS,  // 256 points of 4 elements with levels 0 ... 7
  GRID_IQ3_S,    // 512
  GRID_COUNT
};

/** The points by index, ascending: what a dequantizer needs. */
extern const uint16_t* const GRID_POINTS[GRID_COUNT];

constexpr int GRID_LONGEST = 292;  // neighbours of one point
constexpr int GRID_PADDING = 16;

/** What a quantizer needs. */
struct Grid {
  /** By point (with no level above the grid's): its index, or ~start of its list in `lists`, which is negative. */
  const int32_t* places;
  /**
   * The count of neighbours, then these: the points at the smallest few distances, by distance and then by index. The
   * first of equally good ones is to be taken. GRID_PADDING elements past a list may be read.
   */
  const uint16_t* lists;
};

/** Made on first use, in some milliseconds, by one thread for all. */
const Grid& gridOf(GridName name);

}  // namespace hf2gguf
