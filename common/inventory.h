// How a node and the master compare what the node holds without naming it: ranges of replica ids, each with a
// count and a digest. Ranges join without gaps; the first begins at the start of all ids and the last ends at
// kReplicaIdMax, so that together they speak of every id there is, held or not.
//
// Used by the node's link (of its index) and the master's control (of its rows of that node). Equal digests
// are taken for equal holdings: XXH3-64 protects against accidents, not against a node that lies, which could
// as well lie in its reports. Plain values; a RangeDigest belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "common/checksum.h"
#include "common/ids.h"

namespace fsdfs {

// Above every id: numbers are stored as signed ones.
inline constexpr uint64_t kIdNumberMax = std::numeric_limits<int64_t>::max();
inline constexpr ReplicaId kReplicaIdMax{InodeId{kIdNumberMax}, {Epoch{kIdNumberMax}, kIdNumberMax}};

// The ids above `after`, up to and with `last`.
struct ReplicaSpan {
  ReplicaId after;
  ReplicaId last;
  friend bool operator==(const ReplicaSpan&, const ReplicaSpan&) = default;
};

struct InventoryRange {
  ReplicaId last;       // it begins behind the last of the one before
  uint64_t count = 0;   // replicas that are held in it
  uint64_t digest = 0;  // of these (RangeDigest)
  friend bool operator==(const InventoryRange&, const InventoryRange&) = default;
};

// XXH3-64 over all replicas of a range in the order of their ids. Of each: inode, epoch and counter of the
// version, size in bytes, as little-endian 64-bit numbers; the content digest; the state, one byte.
class RangeDigest {
 public:
  // `state`: the number that proto ReplicaState gives it.
  void add(const ReplicaId& replica, uint64_t size, const ContentDigest& content, uint8_t state);
  uint64_t count() const;
  // Of what was added since construction or the last finish(), and starts over.
  uint64_t finish();

 private:
  std::string encoded_;
};

}  // namespace fsdfs
