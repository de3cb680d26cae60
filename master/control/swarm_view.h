// SwarmView: the state of the swarm at one moment, as status, node lists, holders and copy counts need it.
// The control loop publishes one after the other; whoever holds one may keep it. Constant after construction.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "master/control/node_messages.h"
#include "master/scheduler/types.h"

namespace fsdfs::master {

// What a node's join took.
struct InventoryFigures {
  uint64_t replicas = 0;  // that it holds, by its digests
  uint64_t ranges = 0;
  uint64_t ranges_differing = 0;
  uint64_t travelled = 0;  // replicas that it was asked to name, and did
};

struct NodeStatus {
  NodeRecord record;
  Liveness liveness = Liveness::kDead;
  bool attending = false;  // its stream is open
  bool slow = false;       // its disk, beside the others' (slow_nodes.h)
  LoadReport load;
  uint64_t used = 0;  // bytes, as it last said
  std::vector<DiskReport> disks;
  uint64_t unknown_replicas = 0;
  uint64_t quarantined_replicas = 0;
  ScrubReport scrub;
  NodeView placed;  // as the scheduler counts
};

class SwarmView {
 public:
  Health health;
  uint64_t open_sessions = 0;
  bool settled = false;  // every node has reported or is dead
  std::vector<std::string> warnings;

  void add(NodeStatus node) {
    by_id_[node.record.id] = nodes_.size();
    nodes_.push_back(std::move(node));
  }
  const std::vector<NodeStatus>& nodes() const { return nodes_; }
  // Null: it never joined.
  const NodeStatus* find(const NodeId& id) const {
    auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &nodes_[found->second];
  }
  // Its copies count in K.
  bool is_live(const NodeId& id) const {
    const NodeStatus* node = find(id);
    return node != nullptr && node->liveness != Liveness::kDead;
  }

 private:
  std::vector<NodeStatus> nodes_;
  std::unordered_map<NodeId, size_t> by_id_;
};

}  // namespace fsdfs::master
