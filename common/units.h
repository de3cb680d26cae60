// Units: sizes, durations and percentages as people write them in settings and on the command line.
// Pure functions. Every parse error is kInvalidArgument, quotes the text and shows an example.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/status.h"

namespace fsdfs {

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kGiB = 1024 * kMiB;
inline constexpr uint64_t kTiB = 1024 * kGiB;
inline constexpr uint64_t kPiB = 1024 * kTiB;

// Bytes: "26", "500G", "1.5T", "64KiB", "64KB", "10 mb". K M G T P are powers of 1024, with or without "B" or
// "iB", in either case. A fraction is rounded down to a byte. Negative and over 2^64-1: an error.
Result<uint64_t> parse_size(std::string_view text);

// "250ms", "30s", "1.5h", "1h30m", "1d": numbers with the units ns us ms s m h d w, added up. A bare "0" is a
// duration; any other bare number is an error, because seconds and milliseconds are both likely meanings.
Result<Duration> parse_duration(std::string_view text);

// A share: "5%" gives 0.05. The sign is needed: a bare 0.05 could mean either. Negative: an error.
Result<double> parse_percent(std::string_view text);

Result<int64_t> parse_integer(std::string_view text);  // decimal, an optional sign
Result<double> parse_real(std::string_view text);      // decimal or exponent form, finite
Result<bool> parse_boolean(std::string_view text);     // true false yes no on off 1 0, in either case

// For people, rounded: "26 B", "1.5 GiB", "500 GiB".
std::string format_size(uint64_t bytes);
// For people, rounded down: "10d2h", "1h30m", "1.5s", "250ms". Negative: "-30s".
std::string format_duration(Duration duration);

// Exact: what parse_size, parse_duration and parse_percent read back as the same value ("500G", "1h30m",
// "5%").
std::string size_text(uint64_t bytes);
std::string duration_text(Duration duration);
std::string percent_text(double share);

}  // namespace fsdfs
