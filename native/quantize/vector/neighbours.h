// The search for the nearest neighbour on a grid, with a neighbour a lane.
#pragma once
#include "../grids.h"
#include "lanes.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

typedef uint16_t RegisterU16 __attribute__((vector_size(HF2GGUF_REGISTER_BYTES / 2)));
static_assert(REGISTER <= GRID_PADDING);

constexpr float LARGEST = 0x1.fffffep127f;

inline RegisterI laneNumbers() {
  RegisterI lanes;
  for (int lane = 0; lane < REGISTER; ++lane) lanes[lane] = lane;
  return lanes;
}

inline RegisterI loadPoints(const uint16_t* from) {
  return __builtin_convertvector(load<RegisterU16>(from), RegisterI);
}

/** A bit for each lane of a mask. */
inline unsigned laneBits(RegisterI mask) {
#if defined(__AVX512DQ__) && HF2GGUF_REGISTER_BYTES == 64
  return unsigned(__builtin_ia32_cvtd2mask512(mask)) & 0xffff;
#elif defined(__AVX2__)
  return unsigned(__builtin_ia32_movmskps256((RegisterF)mask));
#else
  unsigned bits = 0;
  for (int lane = 0; lane < REGISTER; ++lane) bits |= unsigned(mask[lane] & 1) << lane;
  return bits;
#endif
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
    RegisterF least = RegisterF{} + LARGEST;
    RegisterI place = {};
    for (int n = 0; n < count; n += REGISTER) {
      const RegisterF distance = of(loadPoints(list + n));
      const RegisterI nearer = (distance < least) & (lanes < count - n);
      least = select(nearer, distance, least);
      place = select(nearer, lanes + n, place);
    }
    place = select(least == smallestOf(least), place, RegisterI{} + INT32_MAX);
    return list[smallestOf(place)[0]];
  }
};

/**
 * The nearest of a list for many scales and the same values. A neighbour's distance, divided by the scale and without
 * what is the same for all, is a line over the scale: square * scale - product, two sums over its elements. Both ways
 * round differently, so if a second neighbour is about as near as the nearest, PointDistances decides.
 */
template <int POINT, int BITS>
class NeighbourLines {
 public:
  NeighbourLines(const float* values, const float* valueWeights) : x(values), weights(valueWeights) {
    const LevelTable<BITS> numbers = LevelTable<BITS>::numbers();
    for (int i = 0; i < POINT; ++i) {
      for (int part = 0; part < LevelTable<BITS>::PARTS; ++part) {
        const RegisterF number = numbers.parts[part];
        squareTerms[i].parts[part] = weights[i] * (number * number);
        productTerms[i].parts[part] = 2 * weights[i] * x[i] * number;
      }
    }
  }

  void setList(const uint16_t* neighbours) {
    list = neighbours + 1;
    const int count = *neighbours;
    registers = (count + REGISTER - 1) / REGISTER;
    for (int n = 0; n < count; n += REGISTER) {
      const RegisterI points = loadPoints(list + n);
      RegisterF square = squareTerms[0].of(points), product = productTerms[0].of(points);
      for (int i = 1; i < POINT; ++i) {
        square = square + squareTerms[i].of(points >> BITS * i);
        product = product + productTerms[i].of(points >> BITS * i);
      }
      squares[n / REGISTER] = square;
      products[n / REGISTER] = select(laneNumbers() < count - n, product, RegisterF{} - LARGEST);
    }
  }

  /** `doubt`: a lead that roundings can feign. */
  uint16_t nearest(float scale, float doubt) const {
    RegisterF least = squares[0] * scale - products[0], second = RegisterF{} + LARGEST;
    RegisterI place = {};
    for (int n = 1; n < registers; ++n) {
      const RegisterF distance = squares[n] * scale - products[n];
      place = select(distance < least, RegisterI{} + n, place);
      second = smaller(larger(distance, least), second);
      least = smaller(distance, least);
    }
    const RegisterF limit = smallestOf(least) + doubt;
    const unsigned near = laneBits(least < limit);
    const bool isClear = near != 0 && (near & (near - 1)) == 0 && (registers == 1 || !any(second < limit));
    if (!isClear) return PointDistances<POINT, BITS>(scale, x, weights).nearest(list - 1);
    const int lane = __builtin_ctz(near);
    return registers == 1 ? list[lane] : list[REGISTER * place[lane] + lane];
  }

 private:
  const float *x, *weights;
  LevelTable<BITS> squareTerms[POINT], productTerms[POINT];
  const uint16_t* list;
  int registers;
  RegisterF squares[GRID_LONGEST / REGISTER + 1], products[GRID_LONGEST / REGISTER + 1];
};

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
