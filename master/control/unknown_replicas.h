// UnknownReplicas: what one node holds and no record speaks of, in order, with the bytes that it takes.
// Beyond kKeysMax it only counts, so that its memory stays bounded whatever a node claims to hold; what is
// only counted stays in the sums until clear(). Part of the node directory; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "master/control/node_messages.h"

namespace fsdfs::master {

class UnknownReplicas {
 public:
  static constexpr size_t kKeysMax = 200'000;

  // True when anything changed.
  bool set(const HeldReplica& held) {
    auto found = held_.find(held.replica);
    if (found != held_.end()) {
      bool same = found->second.content == held.content && found->second.state == held.state;
      bytes_ += held.content.size - found->second.content.size;
      found->second = held;
      return !same;
    }
    bytes_ += held.content.size;
    if (held_.size() < kKeysMax) {
      held_.emplace(held.replica, held);
    } else {
      ++untracked_;
    }
    return true;
  }
  bool erase(const ReplicaId& replica) {
    auto found = held_.find(replica);
    if (found == held_.end()) return false;
    bytes_ -= found->second.content.size;
    held_.erase(found);
    return true;
  }
  void clear() { *this = UnknownReplicas(); }

  const std::map<ReplicaId, HeldReplica>& listed() const { return held_; }
  uint64_t untracked() const { return untracked_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t count() const { return held_.size() + untracked_; }

 private:
  std::map<ReplicaId, HeldReplica> held_;
  uint64_t untracked_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace fsdfs::master
