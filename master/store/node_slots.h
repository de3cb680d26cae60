// NodeSlots: which small number stands for which node in the replicas table. A number, once given, is never
// given to another node, also when the transaction that gave it is rolled back; so the table may run ahead of
// the database but never contradicts it. Thread-safe: the writer adds, readers look up.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "common/ids.h"

namespace fsdfs::master {

class NodeSlots {
 public:
  // From the database, at the open.
  void load(int64_t slot, const NodeId& node) {
    std::unique_lock lock(mutex_);
    insert(slot, node);
  }
  std::optional<int64_t> find(const NodeId& node) const {
    std::shared_lock lock(mutex_);
    auto found = slots_.find(node);
    if (found == slots_.end()) return std::nullopt;
    return found->second;
  }
  int64_t find_or_give(const NodeId& node) {
    std::unique_lock lock(mutex_);
    auto found = slots_.find(node);
    if (found != slots_.end()) return found->second;
    auto slot = static_cast<int64_t>(nodes_.empty() ? 1 : nodes_.size());
    insert(slot, node);
    return slot;
  }
  // The node was removed, and no row names its slot: if it comes back it gets another.
  void forget(const NodeId& node) {
    std::unique_lock lock(mutex_);
    slots_.erase(node);
  }
  // The none id for a slot that was never given.
  NodeId node(int64_t slot) const {
    std::shared_lock lock(mutex_);
    return slot > 0 && static_cast<size_t>(slot) < nodes_.size() ? nodes_[static_cast<size_t>(slot)]
                                                                 : NodeId{};
  }

 private:
  void insert(int64_t slot, const NodeId& node) {
    if (nodes_.size() <= static_cast<size_t>(slot)) nodes_.resize(static_cast<size_t>(slot) + 1);
    nodes_[static_cast<size_t>(slot)] = node;
    slots_[node] = slot;
  }

  mutable std::shared_mutex mutex_;
  std::unordered_map<NodeId, int64_t> slots_;  // guarded by mutex_
  std::vector<NodeId> nodes_;                  // guarded by mutex_; by slot, from 1
};

}  // namespace fsdfs::master
