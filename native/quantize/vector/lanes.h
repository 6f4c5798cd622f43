// The vector type of the kernels: LANES floats or 32-bit integers side by side, each lane doing the scalar kernels'
// operations in their order, so that the bits are the same. A register holds some of the lanes, by the vector
// extensions of GCC and Clang: a C cast between vectors keeps the bits, a comparison gives a mask of 0 or -1 a lane.
// The serial sums wait for themselves most of the time, so a vector is two registers, or twice two: their sums overlap.
// No header with inline functions may be included here: the linker could keep this instruction set's copy for all.
#pragma once
#include "../common/bits.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

constexpr int REGISTER = HF2GGUF_REGISTER_BYTES / 4;  // lanes of one
typedef float RegisterF __attribute__((vector_size(HF2GGUF_REGISTER_BYTES)));
typedef int32_t RegisterI __attribute__((vector_size(HF2GGUF_REGISTER_BYTES)));
typedef uint32_t RegisterU __attribute__((vector_size(HF2GGUF_REGISTER_BYTES)));

template <class V>
struct Pair {
  V a, b;
  Pair() = default;
  Pair(const V& first, const V& second) : a(first), b(second) {}
  // Written out, because GCC copies a whole struct in small pieces through memory.
  Pair(const Pair& from) : a(from.a), b(from.b) {}
  Pair& operator=(const Pair& from) {
    a = from.a;
    b = from.b;
    return *this;
  }
};

// At least 16 lanes: no super-block has more sub-blocks.
#if HF2GGUF_REGISTER_BYTES == 16
typedef Pair<Pair<RegisterF>> F;
typedef Pair<Pair<RegisterI>> I;
#else
typedef Pair<RegisterF> F;
typedef Pair<RegisterI> I;
#endif

template <class V>
constexpr int lanesOf = sizeof(V) / 4;
constexpr int LANES = lanesOf<F>;
static_assert(LANES % 16 == 0);

// What registers do by themselves, for pairs; one side may be a number.

#define HF2GGUF_OPERATOR(op)                                                         \
  template <class V, class W>                                                        \
  inline auto operator op(const Pair<V>& x, const Pair<W>& y) {                      \
    return Pair{x.a op y.a, x.b op y.b};                                             \
  }                                                                                  \
  template <class V>                                                                 \
  inline auto operator op(const Pair<V>& x, float y) {                               \
    return Pair{x.a op y, x.b op y};                                                 \
  }                                                                                  \
  template <class V>                                                                 \
  inline auto operator op(const Pair<V>& x, int y) {                                 \
    return Pair{x.a op y, x.b op y};                                                 \
  }                                                                                  \
  template <class V>                                                                 \
  inline auto operator op(float x, const Pair<V>& y) {                               \
    return Pair{x op y.a, x op y.b};                                                 \
  }
HF2GGUF_OPERATOR(+)
HF2GGUF_OPERATOR(-)
HF2GGUF_OPERATOR(*)
HF2GGUF_OPERATOR(/)
HF2GGUF_OPERATOR(<)
HF2GGUF_OPERATOR(>)
HF2GGUF_OPERATOR(>=)
HF2GGUF_OPERATOR(==)
HF2GGUF_OPERATOR(!=)
HF2GGUF_OPERATOR(&)
HF2GGUF_OPERATOR(|)
HF2GGUF_OPERATOR(<<)
HF2GGUF_OPERATOR(>>)
#undef HF2GGUF_OPERATOR

template <class V>
inline Pair<V> operator-(const Pair<V>& x) {
  return {-x.a, -x.b};
}
template <class V>
inline void operator+=(Pair<V>& x, const Pair<V>& y) {
  x = x + y;
}
template <class V>
inline void operator|=(Pair<V>& x, const Pair<V>& y) {
  x = x | y;
}

// What takes a function: for a register, and then for pairs.

inline RegisterI asInts(RegisterF v) { return (RegisterI)v; }
inline RegisterF asFloats(RegisterI v) { return (RegisterF)v; }
inline RegisterI toInts(RegisterF v) { return __builtin_convertvector(v, RegisterI); }
inline RegisterF toFloats(RegisterI v) { return __builtin_convertvector(v, RegisterF); }
inline RegisterF select(RegisterI mask, RegisterF yes, RegisterF no) { return mask ? yes : no; }
inline RegisterI select(RegisterI mask, RegisterI yes, RegisterI no) { return mask ? yes : no; }
inline RegisterI smaller(RegisterI x, RegisterI y) { return x < y ? x : y; }
inline RegisterI larger(RegisterI x, RegisterI y) { return x > y ? x : y; }
#if defined(__AVX512F__) && HF2GGUF_REGISTER_BYTES == 64 && !defined(__clang__)
// GCC does not see that these are one instruction each.
inline RegisterF smaller(RegisterF x, RegisterF y) { return __builtin_ia32_minps512_mask(x, y, y, -1, 4); }
inline RegisterF larger(RegisterF x, RegisterF y) { return __builtin_ia32_maxps512_mask(x, y, y, -1, 4); }
#elif defined(__AVX2__) && HF2GGUF_REGISTER_BYTES == 32 && !defined(__clang__)
inline RegisterF smaller(RegisterF x, RegisterF y) { return __builtin_ia32_minps256(x, y); }
inline RegisterF larger(RegisterF x, RegisterF y) { return __builtin_ia32_maxps256(x, y); }
#else
inline RegisterF smaller(RegisterF x, RegisterF y) { return x < y ? x : y; }
inline RegisterF larger(RegisterF x, RegisterF y) { return x > y ? x : y; }
#endif
#if defined(__AVX512F__) && HF2GGUF_REGISTER_BYTES == 64
inline RegisterF nearestEven(RegisterF v) { return __builtin_ia32_rndscaleps_mask(v, 8, v, -1, 4); }
#elif defined(__AVX2__) && HF2GGUF_REGISTER_BYTES == 32
inline RegisterF nearestEven(RegisterF v) { return __builtin_ia32_roundps256(v, 8); }
#endif
inline RegisterF squareRoot(RegisterF v) {
  for (int lane = 0; lane < REGISTER; ++lane) v[lane] = __builtin_sqrtf(v[lane]);
  return v;
}

#define HF2GGUF_UNARY(function)                   \
  template <class V>                              \
  inline auto function(const Pair<V>& v) {        \
    return Pair{function(v.a), function(v.b)};    \
  }
HF2GGUF_UNARY(asInts)
HF2GGUF_UNARY(asFloats)
HF2GGUF_UNARY(toInts)
HF2GGUF_UNARY(toFloats)
HF2GGUF_UNARY(squareRoot)
#if defined(__AVX2__)
HF2GGUF_UNARY(nearestEven)
#endif
#undef HF2GGUF_UNARY

template <class M, class V>
inline Pair<V> select(const Pair<M>& mask, const Pair<V>& yes, const Pair<V>& no) {
  return {select(mask.a, yes.a, no.a), select(mask.b, yes.b, no.b)};
}
template <class V>
inline Pair<V> smaller(const Pair<V>& x, const Pair<V>& y) {
  return {smaller(x.a, y.a), smaller(x.b, y.b)};
}
template <class V>
inline Pair<V> larger(const Pair<V>& x, const Pair<V>& y) {
  return {larger(x.a, y.a), larger(x.b, y.b)};
}

inline F all(float value) { return F{} + value; }
inline I all(int value) { return I{} + value; }
inline I clamp(const I& v, int low, int high) { return larger(smaller(v, all(high)), all(low)); }
inline F abs(const F& v) { return asFloats(asInts(v) & 0x7fffffff); }

/** Whether a mask is set in some lane. */
inline bool any(RegisterI mask) {
#if defined(__AVX512DQ__) && HF2GGUF_REGISTER_BYTES == 64
  return __builtin_ia32_cvtd2mask512(mask) != 0;
#elif defined(__AVX2__) && HF2GGUF_REGISTER_BYTES == 32
  return __builtin_ia32_movmskps256((RegisterF)mask) != 0;
#else
  int32_t some = 0;
  for (int lane = 0; lane < REGISTER; ++lane) some |= mask[lane];
  return some != 0;
#endif
}
template <class V>
inline bool any(const Pair<V>& mask) {
  return any(mask.a | mask.b);
}

// A register at a time: GCC takes a whole pair through memory.
template <class V>
inline V load(const void* from) {
  if constexpr (sizeof(V) > HF2GGUF_REGISTER_BYTES) {
    typedef decltype(V::a) Half;
    return {load<Half>(from), load<Half>(static_cast<const char*>(from) + sizeof(Half))};
  } else {
    V v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
  }
}
template <class V>
inline void store(void* to, const V& v) {
  if constexpr (sizeof(V) > HF2GGUF_REGISTER_BYTES) {
    store(to, v.a);
    store(static_cast<char*>(to) + sizeof v.a, v.b);
  } else {
    __builtin_memcpy(to, &v, sizeof v);
  }
}

// What common/bits.h has.

inline I nearestInt(const F& v) { return (asInts(v + ROUNDER) & 0x007fffff) - 0x00400000; }

/** The nearest of the integers low ... high, as a float. */
inline F nearestLevel(const F& v, int low, int high) { return toFloats(clamp(nearestInt(v), low, high)); }

/** The nearest integer, as a float, where a value is less than 2^22. */
inline F nearestSmall(const F& v) {
#if defined(__AVX2__)
  return nearestEven(v);
#else
  return v + ROUNDER - ROUNDER;
#endif
}

// Limits of floats, as integers: those that are not negative are ordered as their bits are, negative ones have negative
// bits.
inline F atMost(const F& v, float positive) { return asFloats(smaller(asInts(v), asInts(all(positive)))); }
inline F atLeastZero(const F& v) { return asFloats(larger(asInts(v), I{})); }

inline I truncated(const F& v) {
#if defined(__x86_64__)
  return toInts(v);
#else
  return select(abs(v) < 0x1p31f, toInts(v), all(INT32_MIN));
#endif
}

inline I roundedAway(const F& v) {
  const I half = (asInts(v) & INT32_MIN) | 0x3effffff;  // the largest float below a half
  return truncated(v + asFloats(half));
}

inline F withSignOfNan(const F& v) { return select(v == v, v, asFloats(all(int(0xffc00000)))); }

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
