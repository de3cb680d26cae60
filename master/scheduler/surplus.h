// Surplus in whole numbers: K-N in ten-thousandths of a copy, so that sums are exact and orders
// deterministic.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace fsdfs::master {

using Units = int32_t;

inline constexpr Units kCopy = 10'000;  // one copy

inline Units to_units(double copies) {
  return static_cast<Units>(std::lround(copies * kCopy));
}
inline double from_units(Units units) {
  return static_cast<double>(units) / kCopy;
}
inline Units copies_units(int copies) {
  return copies * kCopy;
}

// floor(K-N), in copies.
inline int64_t floor_units(Units units) {
  int64_t whole = units / kCopy;
  return units % kCopy < 0 ? whole - 1 : whole;
}

// A whole number for a weight, ascending as the weights do.
inline uint32_t ordered_bits(float weight) {
  auto bits = std::bit_cast<uint32_t>(weight);
  return (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
}

}  // namespace fsdfs::master
