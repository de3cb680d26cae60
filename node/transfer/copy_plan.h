// CopyPlan: which bytes of a copy come from where, in the order in which they are appended. A pure function
// of the sums: what this node's own replica of another version has at the same place is taken from there.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "node/store/replica.h"

namespace fsdfs::node {

struct ByteRange {
  uint64_t offset = 0;  // a multiple of the block size
  uint64_t length = 0;  // whole blocks, or up to the end
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// Bytes that are pulled by one call and kept in memory until their turn has come.
struct Segment {
  static constexpr size_t kRangesMax = 256;
  std::vector<ByteRange> ranges;  // ascending, not touching
  uint64_t bytes = 0;             // of all
};

struct CopyPlan {
  struct Piece {
    ByteRange range;
    std::optional<size_t> segment = {};  // none: from this node's own replica
    friend bool operator==(const Piece&, const Piece&) = default;
  };
  std::vector<Piece> pieces;  // contiguous, from the first byte that is missing to the end
  std::vector<Segment> segments;
  uint64_t own_bytes = 0;
  uint64_t pulled_bytes = 0;
};

// Of content of `size` bytes with these sums, of which `received` bytes (whole blocks, or all) are here.
// `own`: what this node holds, or null. A segment has up to `segment_bytes` (whole blocks).
CopyPlan plan_copy(uint64_t size, const BlockSums& sums, uint64_t received, const Description* own,
                   uint64_t segment_bytes);

}  // namespace fsdfs::node
