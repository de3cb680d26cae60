// Leftovers: replicas that occupy space and do not count: old versions, and those whose deletion is decided.
//
// Few at any time compared with the current replicas, so they live outside the file records. Not thread-safe.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "master/scheduler/holder_pool.h"
#include "master/scheduler/types.h"

namespace fsdfs::master {

struct Leftover {
  enum class State : uint8_t {
    kOld,  // of an older version; may serve as the base of a catch-up, goes when the current one is whole
    kCondemned,  // to be deleted once invariant 4 and the node's state allow
    kOrdered,    // deletion ordered, not confirmed
  };
  uint64_t version = 0;  // packed
  uint64_t size = 0;
  NodeIndex node = 0;
  State state = State::kOld;
  DeleteCause cause = DeleteCause::kOldVersion;
  bool repeated = false;     // was ordered before
  bool was_current = false;  // an eviction: counts again if the order fails
  MonotonicTime ordered_at{};
};

class Leftovers {
 public:
  using List = std::vector<Leftover>;

  List* find(uint64_t inode);
  const List* find(uint64_t inode) const;
  Leftover* find(uint64_t inode, uint64_t version, NodeIndex node);
  void add(uint64_t inode, const Leftover& leftover);
  // True when it was the last of the inode.
  bool erase(uint64_t inode, uint64_t version, NodeIndex node);
  size_t size() const { return size_; }

  // Ascending by inode: deterministic whatever the hash table does.
  std::vector<uint64_t> inodes() const;
  size_t resident_bytes() const;

 private:
  std::unordered_map<uint64_t, List> lists_;
  size_t size_ = 0;
};

}  // namespace fsdfs::master
