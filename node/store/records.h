// What the master tells a node of its namespace, so that the node's disks describe themselves (proto
// Records). Plain values. All are states as of when they were told, and they are told in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "node/store/replica.h"

namespace fsdfs::node {

// An entry of the master's log. The epoch tells a log that was set back from the one that went on.
struct LogPosition {
  uint64_t sequence = 0;  // 0: none
  Epoch epoch;
  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

struct DirectoryRecord {
  InodeId inode;
  InodeId parent;    // of the root: the root
  std::string name;  // of the root: empty
  uint64_t metadata_counter = 0;
  std::optional<double> target;  // its own, for what lies below
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  FileTime modified;
  friend bool operator==(const DirectoryRecord&, const DirectoryRecord&) = default;
};

struct FileRecord {
  ReplicaId current;  // which version is the file's content
  Origin origin;
};

struct RecordPage {
  LogPosition position;                      // where to go on
  std::optional<ReplicaId> after;            // set: the present state is being told, and goes on behind it
  bool more = false;                         // there is more now
  bool present_state = false;                // told as such, not as what has changed
  std::vector<DirectoryRecord> directories;  // with each, all above it
  std::vector<InodeId> gone;                 // inodes that are no more
  std::vector<FileRecord> files;             // of which the node holds some version, with all above them
};

}  // namespace fsdfs::node
