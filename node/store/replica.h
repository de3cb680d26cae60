// What the node's parts say to one another about replicas. Plain values; protobuf stays behind wire.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/checksum.h"
#include "common/clock.h"
#include "common/ids.h"

namespace fsdfs::node {

// What the whole content of a version is, so that any copy can be told right from wrong.
struct Content {
  uint64_t size = 0;  // bytes
  ContentDigest digest;
  friend bool operator==(const Content&, const Content&) = default;
};

// A time of a file as its user set it: any 64-bit second, which WallTime could not hold.
struct FileTime {
  int64_t seconds = 0;
  uint32_t nanoseconds = 0;
  friend bool operator==(const FileTime&, const FileTime&) = default;
};

// What the master last said of the file, kept so that the swarm can be rebuilt from the disks.
struct Origin {
  InodeId parent;
  std::string name;  // of a file in the trash, which has no parent: the path that it had
  uint64_t metadata_counter = 0;
  double target = 0;
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  FileTime modified;
  std::optional<FileTime> deleted = {};  // it is in the trash
  friend bool operator==(const Origin&, const Origin&) = default;
};

// How a replica describes itself: what its sidecar holds.
struct Description {
  SwarmId swarm;
  ReplicaId replica;
  Content content;
  BlockSums sums;  // block_count(content.size) of them, whose digest is content.digest
  Origin origin;
  WallTime created;
};

enum class HeldState {
  kWhole = 1,        // in its place, served
  kQuarantined = 4,  // failed its sums: kept aside, never served, counted to the quota
};

struct HeldReplica {
  ReplicaId replica;
  Content content;  // of a quarantined one whose sidecar is lost: the length of its bytes, and no digest
  HeldState state = HeldState::kWhole;
  friend bool operator==(const HeldReplica&, const HeldReplica&) = default;
};

}  // namespace fsdfs::node
