#include "master/scheduler/read_weight.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

namespace fsdfs::master {

namespace {

double half_lives(WallTime at) {
  double age = std::chrono::duration<double>(at - kReadOrigin) / std::chrono::duration<double>(kReadHalfLife);
  return std::max(0.0, age);
}

// 0 to 1, from the bits of what is rounded: splitmix64's finaliser, by Sebastiano Vigna.
double chance_of(double value, float weight) {
  uint64_t z = std::bit_cast<uint64_t>(value) + std::bit_cast<uint32_t>(weight) * 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

}  // namespace

float add_reads(float weight, uint64_t reads, WallTime at) {
  if (reads == 0) return weight;
  double added = half_lives(at) + std::log2(static_cast<double>(reads));
  double sum = added;
  if (weight > kNeverRead) {
    double more = std::max<double>(weight, added), less = std::min<double>(weight, added);
    sum = more + std::log2(1 + std::exp2(less - more));
  }
  auto below = static_cast<float>(sum);
  if (below > sum) below = std::nextafter(below, -std::numeric_limits<float>::infinity());
  float above = std::nextafter(below, std::numeric_limits<float>::infinity());
  double share = (sum - below) / (static_cast<double>(above) - below);
  return chance_of(sum, weight) < share ? above : below;
}

double reads_left(float weight, WallTime at) {
  return weight > kNeverRead ? std::exp2(weight - half_lives(at)) : 0;
}

double reads_per_day(float weight, WallTime at) {
  // At a steady rate r the sum is r times the integral of 2^-(t / half-life): the half-life over ln 2.
  constexpr double kDays = std::chrono::duration<double>(kReadHalfLife) / std::chrono::hours(24);
  return reads_left(weight, at) * std::numbers::ln2 / kDays;
}

}  // namespace fsdfs::master
