// Read weights: how much a file is wanted, as one number that never has to be refreshed.
//
// A file's reads decay with a half-life of a day: a read of t days ago counts as 2^-t. Instead of ageing
// every file's count, a weight is kept as
//
//     log2( sum over its reads of 2^((time of the read - kReadOrigin) / kReadHalfLife) )
//
// All decay alike, so their order changes only where something is read: weights may be compared at any time.
// (The method: Cormode et al., "Forward Decay", ICDE 2009.)
//
// Precision: 30 years after the origin a weight is about 11,000, where floats are 1/1024 apart: a step of
// 0.07 %. Rounding to the nearest would lose the reads of a file that many are counted for already; instead a
// weight is rounded up or down by chance (of a hash of what goes in, so that the same input gives the same
// weight), with the odds that make it right on average.
//
// Pure functions.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/clock.h"

namespace fsdfs::master {

inline constexpr Duration kReadHalfLife = std::chrono::hours(24);
inline constexpr WallTime kReadOrigin{std::chrono::seconds(1'577'836'800)};  // 2020-01-01 00:00 UTC

inline constexpr float kNeverRead = 0;

// The weight after so many more reads at a time; times before the origin count as the origin.
float add_reads(float weight, uint64_t reads, WallTime at);
// The decayed reads that it stands for at a time.
double reads_left(float weight, WallTime at);
// The steady rate of reads that it stands for at a time.
double reads_per_day(float weight, WallTime at);

}  // namespace fsdfs::master
