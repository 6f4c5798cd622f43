// Random choices that depend on the seed alone.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>

namespace hf2gguf {

class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}

  /** 0 ... end - 1. */
  size_t below(size_t end) { return engine_() % end; }
  bool chance(size_t in) { return below(in) == 0; }
  template <class List>
  auto& pick(List& list) {
    return list[below(std::size(list))];
  }
  void fill(uint8_t* bytes, size_t count) {
    for (size_t i = 0; i < count; ++i) bytes[i] = uint8_t(engine_());
  }

  /** A number near another, at an edge, or small. */
  double number(double old) {
    static constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();
    static constexpr double INFINITE = std::numeric_limits<double>::infinity();
    static constexpr double EDGES[] = {-1,     -0.0,   0.5,        1e-45,      1e300,  NOT_A_NUMBER, INFINITE,
                                       0x1p16, 0x1p24, 0x1p31,     0x1p32,     0x1p53, 0x1p61,       -INFINITE,
                                       0x1p62, 0x1p63, 0x1p31 - 1, 0x1p32 - 1, 0x1p64, 255,          -0x1p63,
                                       256,    257};
    switch (below(6)) {
      case 0: return pick(EDGES);
      case 1: return old + 1;
      case 2: return old - 1;
      case 3: return old * 2;
      case 4: return old / 2;
      default: return double(below(70));
    }
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace hf2gguf
