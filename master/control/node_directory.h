// NodeDirectory: what the control loop knows of each node beyond its record: how it was last heard, what it
// holds that counts for nothing, and the way to it. Derived, and gone with the process. Owned by the control
// loop; not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "master/control/byte_tally.h"
#include "master/control/control_settings.h"
#include "master/control/node_messages.h"
#include "master/control/swarm_view.h"
#include "master/control/unknown_replicas.h"
#include "master/scheduler/types.h"

namespace fsdfs::master {

struct KnownNode {
  NodeRecord record;
  Liveness liveness = Liveness::kSilent;
  LoadReport load;
  uint64_t used = 0;  // bytes, as it last said
  bool disk_at_floor = false;
  uint64_t capacity = UINT64_MAX;  // as it last said
  ScrubReport scrub;
  bool slow = false;
  std::vector<DiskReport> disks;   // as it last said
  std::shared_ptr<NodeLink> link;  // null: it does not attend
  uint64_t attendance = 0;         // of the link
  InventoryFigures inventory;      // of its last join that was reconciled

  // Bytes on the node that no counted replica covers: they take room.
  UnknownReplicas unknown;
  ByteTally<ReplicaId> quarantined;
  // Of sessions from before the master's start, whose room nothing else reserves.
  ByteTally<SessionId> staged;
};

class NodeDirectory {
 public:
  explicit NodeDirectory(const ControlSettings& settings) : settings_(settings) {}

  KnownNode& put(const NodeRecord& record);
  void erase(const NodeId& id) { nodes_.erase(id); }
  KnownNode* find(const NodeId& id);
  std::map<NodeId, KnownNode>& all() { return nodes_; }
  const std::map<NodeId, KnownNode>& all() const { return nodes_; }

  // As the scheduler is to see it. A node that does not attend is silent at best.
  NodeInfo info(const KnownNode& node) const;
  NodeStatus status(const KnownNode& node) const;

 private:
  const ControlSettings& settings_;
  std::map<NodeId, KnownNode> nodes_;  // in a fixed order, so that runs can be repeated
};

}  // namespace fsdfs::master
