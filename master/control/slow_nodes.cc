#include "master/control/slow_nodes.h"

#include <algorithm>
#include <cmath>

namespace fsdfs::master {
namespace {

// How much a new measurement changes what is believed.
constexpr double kNewShare = 0.3;

}  // namespace

void SlowNodes::note(const NodeId& node, double disk_ms, MonotonicTime now) {
  auto [found, added] = nodes_.try_emplace(node);
  Disk& disk = found->second;
  if (added) {
    disk.ms = disk_ms;
  } else if (disk_ms > 0) {
    disk.ms += kNewShare * (disk_ms - disk.ms);
  } else {
    disk.ms *=
        std::exp2(-std::chrono::duration<double>(now - disk.at) / std::chrono::duration<double>(kHalfLife));
  }
  disk.at = now;
}

std::optional<double> SlowNodes::usual_ms(const NodeId& node) const {
  std::vector<double> others;
  for (const auto& [id, disk] : nodes_) {
    if (id != node) others.push_back(disk.ms);
  }
  if (others.empty()) return std::nullopt;
  auto middle = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
  std::nth_element(others.begin(), middle, others.end());
  return *middle;
}

std::vector<NodeId> SlowNodes::advance(MonotonicTime now) {
  std::vector<NodeId> changed;
  if (now - looked_at_ < kLookInterval) return changed;
  looked_at_ = now;
  for (auto& [id, disk] : nodes_) {
    // Most nodes are fast: only for the others is it worth to look at all.
    if (!disk.slow && disk.ms < kNeverSlowMs) continue;
    auto usual = usual_ms(id);
    double limit = std::max(kNeverSlowMs, kTimesSlower * usual.value_or(disk.ms));
    bool slow = usual && disk.ms >= (disk.slow ? limit / 2 : limit);
    if (slow != disk.slow) changed.push_back(id);
    disk.slow = slow;
  }
  return changed;
}

bool SlowNodes::slow(const NodeId& node) const {
  auto found = nodes_.find(node);
  return found != nodes_.end() && found->second.slow;
}

}  // namespace fsdfs::master
