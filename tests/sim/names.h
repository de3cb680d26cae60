// Names: the simulator counts files and nodes from 0; the scheduler knows them by their ids. And the one
// tolerance.
#pragma once

#include "common/ids.h"

namespace fsdfs::sim {

inline constexpr uint64_t kFirstInode = uint64_t{1} << 40;

// Of what surpluses come out as when they are added up another way.
inline constexpr double kRounding = 1e-6;

inline InodeId inode_of(size_t file) {
  return InodeId{kFirstInode + file + 1};
}
inline size_t file_of(InodeId inode) {
  return static_cast<size_t>(inode.value - kFirstInode - 1);
}

inline NodeId node_id(size_t node) {
  NodeId id;
  for (size_t i = 0; i < 4; ++i) id.bytes[i] = static_cast<uint8_t>(node >> (8 * (3 - i)));
  id.bytes[15] = 1;
  return id;
}
inline size_t node_of(const NodeId& id) {
  size_t node = 0;
  for (size_t i = 0; i < 4; ++i) node = node << 8 | id.bytes[i];
  return node;
}

}  // namespace fsdfs::sim
