// Limits and times that both ends of a connection agree on.
#pragma once

#include <chrono>
#include <cstddef>

namespace fsdfs {

// Content travels in messages of 256 KiB to 1 MiB (DESIGN 7); listings may be larger.
inline constexpr size_t kMessageBytesMax = 16 << 20;
// A path of 4095 bytes, percent-encoded, and then some.
inline constexpr size_t kMetadataBytesMax = 64 << 10;
// A peer that answers no ping for the timeout is gone: noticed within the sum of both.
inline constexpr std::chrono::milliseconds kKeepaliveTime{10'000};
inline constexpr std::chrono::milliseconds kKeepaliveTimeout{5'000};
// From TCP accept or connect to a verified peer.
inline constexpr std::chrono::milliseconds kHandshakeTimeout{5'000};

// As gRPC's options take times.
inline int milliseconds(std::chrono::milliseconds time) {
  return static_cast<int>(time.count());
}

}  // namespace fsdfs
