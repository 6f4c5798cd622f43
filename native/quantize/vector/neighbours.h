// The search for the nearest neighbour on a grid, with a neighbour a lane.
#pragma once
#include "../grids.h"
#include "lanes.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

typedef uint16_t RegisterU16 __attribute__((vector_size(HF2GGUF_REGISTER_BYTES / 2)));
static_assert(REGISTER <= GRID_PADDING);

inline RegisterI laneNumbers() {
  RegisterI lanes;
  for (int lane = 0; lane < REGISTER; ++lane) lanes[lane] = lane;
  return lanes;
}

/** The smallest of a register's lanes, in all of them. */
template <class V>
inline V smallestOf(V v) {
#if HF2GGUF_REGISTER_BYTES == 64
  v = smaller(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  v = smaller(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  v = smaller(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  return smaller(v, __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
#elif HF2GGUF_REGISTER_BYTES == 32
  v = smaller(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3));
  v = smaller(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5));
  return smaller(v, __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6));
#else
  v = smaller(v, __builtin_shufflevector(v, v, 2, 3, 0, 1));
  return smaller(v, __builtin_shufflevector(v, v, 1, 0, 3, 2));
#endif
}

/** A number for each level of BITS bits. */
template <int BITS>
struct LevelTable {
  static constexpr int COUNT = 1 << BITS, PARTS = COUNT > REGISTER ? COUNT / REGISTER : 1;
  RegisterF parts[PARTS];  // repeated if there are fewer than a register has lanes

  /** What levels stand for: 2 * level + 1. */
  static LevelTable numbers() {
    LevelTable table;
    for (int part = 0; part < PARTS; ++part) {
      table.parts[part] = toFloats(((laneNumbers() + REGISTER * part) & (COUNT - 1)) * 2 + 1);
    }
    return table;
  }

  /** Of levels in the low bits; what is above those does not count. */
  RegisterF of(RegisterI levels) const {
#if defined(__AVX2__) && !defined(__clang__)
    return __builtin_shuffle(parts[0], levels);
#elif defined(__AVX2__) && HF2GGUF_REGISTER_BYTES == 64
    return __builtin_ia32_permvarsf512(parts[0], levels);
#elif defined(__AVX2__)
    return __builtin_ia32_permvarsf256(parts[0], levels);
#else
    float memory[PARTS * REGISTER];
    __builtin_memcpy(memory, parts, sizeof memory);
    RegisterF v;
    for (int lane = 0; lane < REGISTER; ++lane) v[lane] = memory[levels[lane] & (COUNT - 1)];
    return v;
#endif
  }
  template <class V>
  auto of(const Pair<V>& levels) const {
    return Pair{of(levels.a), of(levels.b)};
  }
};

/** The weighted squared distances between a point's elements, by their level, and values. */
template <int POINT, int BITS>
struct PointDistances {
  LevelTable<BITS> elements[POINT];

  /** `numbers` are what levels stand for, times `scale`. */
  PointDistances(float scale, const float* x, const float* weights,
                 const LevelTable<BITS>& numbers = LevelTable<BITS>::numbers()) {
    for (int i = 0; i < POINT; ++i) {
      for (int part = 0; part < LevelTable<BITS>::PARTS; ++part) {
        const RegisterF difference = scale * numbers.parts[part] - x[i];
        elements[i].parts[part] = weights[i] * difference * difference;
      }
    }
  }

  /** Summed in the order of the elements. */
  RegisterF of(RegisterI points) const {
    RegisterF sum = elements[0].of(points);
    for (int i = 1; i < POINT; ++i) sum = sum + elements[i].of(points >> BITS * i);
    return sum;
  }

  /** The first of the nearest of a list (see Grid). */
  uint16_t nearest(const uint16_t* list) const {
    const int count = *list++;
    const RegisterI lanes = laneNumbers();
    RegisterF least = RegisterF{} + 0x1.fffffep127f;
    RegisterI place = {};
    for (int n = 0; n < count; n += REGISTER) {
      const RegisterF distance = of(__builtin_convertvector(load<RegisterU16>(list + n), RegisterI));
      const RegisterI nearer = (distance < least) & (lanes < count - n);
      least = select(nearer, distance, least);
      place = select(nearer, lanes + n, place);
    }
    place = select(least == smallestOf(least), place, RegisterI{} + INT32_MAX);
    return list[smallestOf(place)[0]];
  }
};

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
