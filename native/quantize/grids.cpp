#include "grids.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <vector>

#include "grid-points.h"

namespace hf2gguf {
namespace {

/** `classes`: how many of the smallest distances a list of neighbours takes in (iq2xs_init_impl, iq3xs_init_impl). */
struct Definition {
  int elements, bits, levels, size, classes;
};
constexpr Definition DEFINITIONS[GRID_COUNT] = {
    {8, 2, 3, 256, 2}, {8, 2, 3, 512, 2}, {8, 2, 3, 1024, 1}, {8, 2, 3, 2048, 3}, {4, 3, 8, 256, 2}, {4, 3, 8, 512, 3},
};

/** Makes a grid's tables: goes through all possible points, element by element. */
class Tables {
 public:
  Tables(const Definition& definition, const uint16_t* points)
      : definition(definition), points(points), places(size_t(1) << definition.elements * definition.bits) {
    visit(0, 0, Distances{});
    lists.resize(lists.size() + GRID_PADDING);
  }

  Grid grid() const { return {places.data(), lists.data()}; }

 private:
  /** Squared, of each of the grid's points; at most 4 * 7². */
  using Distances = std::array<uint8_t, 2048>;

  const Definition& definition;
  const uint16_t* points;
  std::vector<int32_t> places;
  std::vector<uint16_t> lists;

  /** Distances so far: of the elements before this one, whose levels are in `point`. */
  void visit(int element, unsigned point, const Distances& before) {
    if (element == definition.elements) return finish(point, before);
    const int shift = element * definition.bits, mask = (1 << definition.bits) - 1;
    for (int level = 0; level < definition.levels; ++level) {
      Distances distances;
      for (int i = 0; i < definition.size; ++i) {
        const int difference = (points[i] >> shift & mask) - level;
        distances[i] = uint8_t(before[i] + difference * difference);
      }
      visit(element + 1, point | unsigned(level << shift), distances);
    }
  }

  void finish(unsigned point, const Distances& distances) {
    int closest = nextDistance(distances, -1), farthest = closest;
    if (closest == 0) {
      places[point] = int32_t(std::find(distances.begin(), distances.end(), 0) - distances.begin());
      return;
    }
    for (int c = 1; c < definition.classes; ++c) farthest = nextDistance(distances, farthest);
    std::array<uint16_t, 2048> near;
    size_t count = 0;
    for (int i = 0; i < definition.size; ++i) {
      near[count] = uint16_t(i);
      count += distances[i] <= farthest;
    }
    places[point] = ~int32_t(lists.size());
    lists.push_back(uint16_t(count));
    for (; closest <= farthest; ++closest) {
      for (size_t i = 0; i < count; ++i) {
        if (distances[near[i]] == closest) lists.push_back(points[near[i]]);
      }
    }
  }

  int nextDistance(const Distances& distances, int above) const {
    uint8_t next = 255;
    for (int i = 0; i < definition.size; ++i) {
      if (distances[i] > above) next = std::min(next, distances[i]);
    }
    return next;
  }
};

}  // namespace

const uint16_t* const GRID_POINTS[GRID_COUNT] = {
    POINTS_IQ2_XXS, POINTS_IQ2_XS, POINTS_IQ2_S, POINTS_IQ1, POINTS_IQ3_XXS, POINTS_IQ3_S,
};

const Grid& gridOf(GridName name) {
  static std::once_flag made[GRID_COUNT];
  static Grid grids[GRID_COUNT];
  std::call_once(made[name], [name] {
    grids[name] = (new Tables(DEFINITIONS[name], GRID_POINTS[name]))->grid();  // kept for the life of the process
  });
  return grids[name];
}

}  // namespace hf2gguf
