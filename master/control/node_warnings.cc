#include "master/control/node_warnings.h"

#include <fmt/format.h>

#include <algorithm>

namespace fsdfs::master {
namespace {

std::string files(uint64_t count) {
  return count == 1 ? "1 file" : fmt::format("{} files", count);
}

std::string draining_text(const NodeStatus& node, const std::string& name) {
  if (node.liveness == Liveness::kDead) {
    return name + " died while draining: start it again, or `fsdfs node remove` it to see what only it holds";
  }
  if (is_drained(node)) {
    return name + " is drained: stop its fsdfsd, then `fsdfs node remove` it; or `fsdfs node activate` it";
  }
  return fmt::format("{} is draining: {} left", name,
                     files(std::max(node.placed.drain_left, node.placed.only_copies)));
}

}  // namespace

bool is_drained(const NodeStatus& node) {
  return node.record.admin_state == AdminState::kDraining && node.liveness != Liveness::kDead &&
         node.placed.drain_counted && node.placed.drain_left == 0 && node.placed.only_copies == 0;
}

std::vector<std::string> node_warnings(const SwarmView& swarm) {
  std::vector<std::string> warnings;
  for (const NodeStatus& node : swarm.nodes()) {
    std::string name = fmt::format("node {} ({})", to_string(node.record.id), node.record.address);
    if (node.record.admin_state == AdminState::kDraining) warnings.push_back(draining_text(node, name));
    if (node.slow && node.liveness == Liveness::kUp) {
      warnings.push_back(
          fmt::format("{} is slow: its disk takes {:.0f} ms where the others take far less; it is read "
                      "and written last. Look after its disk, or drain it",
                      name, node.load.disk_ms));
    }
    if (node.record.admin_state == AdminState::kRemoving) {
      warnings.push_back(name + " is being removed: its records are going");
    }
  }
  if (swarm.health.copies_parked != 0) {
    warnings.push_back(fmt::format(
        "{} below the target can get no copy now, for want of room or of nodes: add a server or a quota; "
        "`fsdfs why PATH` says it of one file",
        files(swarm.health.copies_parked)));
  }
  return warnings;
}

}  // namespace fsdfs::master
