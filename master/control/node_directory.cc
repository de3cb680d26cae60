#include "master/control/node_directory.h"

#include <algorithm>

namespace fsdfs::master {
namespace {

// A disk whose mean latency is this long is as busy as can be.
constexpr double kDiskBusyMs = 200;

}  // namespace

KnownNode& NodeDirectory::put(const NodeRecord& record) {
  KnownNode& node = nodes_[record.id];
  node.record = record;
  return node;
}

KnownNode* NodeDirectory::find(const NodeId& id) {
  auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

NodeInfo NodeDirectory::info(const KnownNode& node) const {
  NodeInfo info;
  info.id = node.record.id;
  info.zone = node.record.zone;
  info.host = node.record.host;
  info.quota = std::min(node.record.quota, node.capacity);
  info.other_bytes = node.unknown.bytes() + node.quarantined.bytes() + node.staged.bytes();
  info.admin = node.record.admin_state;
  // Without its stream a node cannot be told anything: no orders, but its copies count until it is dead.
  info.liveness = node.link == nullptr ? std::max(node.liveness, Liveness::kSilent) : node.liveness;
  info.load.cpu = std::clamp(node.load.cpu, 0.0, 1.0);
  info.load.disk = node.slow ? 1 : std::clamp(node.load.disk_ms / kDiskBusyMs, 0.0, 1.0);
  info.load.foreground_slow =
      node.load.foreground_ms > std::chrono::duration<double, std::milli>(settings_.slow_foreground).count();
  info.at_floor = node.disk_at_floor;
  return info;
}

NodeStatus NodeDirectory::status(const KnownNode& node) const {
  NodeStatus status;
  status.record = node.record;
  status.liveness = node.liveness;
  status.attending = node.link != nullptr;
  status.slow = node.slow;
  status.load = node.load;
  status.used = node.used;
  status.disks = node.disks;
  status.unknown_replicas = node.unknown.count();
  status.scrub = node.scrub;
  status.quarantined_replicas = node.quarantined.count();
  return status;
}

}  // namespace fsdfs::master
