#include "master/scheduler/throttle.h"

#include <algorithm>

namespace fsdfs::master {

namespace {
// A second's worth may be saved up: enough to smooth the steps of the ticks, too little for a burst.
constexpr double kBurstSeconds = 1.0;
constexpr double kPaceMin = 1.0 / 64;
constexpr double kPaceStep = 1.0 / 16;
}  // namespace

void Throttle::advance(MonotonicTime now) {
  double seconds = begun_ ? std::chrono::duration<double>(now - now_).count() : kBurstSeconds;
  begun_ = true;
  now_ = now;
  auto refill = [seconds](double& credit, uint64_t rate) {
    double most = static_cast<double>(rate) * kBurstSeconds;
    credit = rate == 0 ? 0 : std::min(most, credit + static_cast<double>(rate) * seconds);
  };
  refill(swarm_credit_, model_.settings.swarm_bytes_per_second);
  if (model_.settings.node_bytes_per_second == 0) return;
  for (NodeIndex node = 0; node < model_.nodes.end(); ++node) {
    refill(model_.nodes.edit(node).byte_credit, model_.settings.node_bytes_per_second);
  }
}

void Throttle::pace(NodeIndex node, bool foreground_slow) {
  double before = model_.nodes.at(node).pace;
  double pace = foreground_slow ? std::max(kPaceMin, before / 2) : std::min(1.0, before + kPaceStep);
  if (pace != before) model_.nodes.edit(node).pace = pace;
}

int Throttle::places(NodeIndex node) const {
  const NodeBrief& brief = model_.nodes.brief(node);
  return brief.places - (brief.lane_place ? 1 : 0);
}

bool Throttle::can_take(NodeIndex node, bool lane) const {
  const NodeBrief& brief = model_.nodes.brief(node);
  bool place = brief.places > (brief.lane_place && !lane ? 1 : 0);
  return place && brief.has_credit && (model_.settings.swarm_bytes_per_second == 0 || swarm_credit_ > 0);
}

bool Throttle::can_give(NodeIndex index) const {
  const Node& node = model_.nodes.at(index);
  return node.copies_out < std::max(1, static_cast<int>(model_.settings.copies_out_per_node * node.pace));
}

bool Throttle::any_can_take() const {
  for (NodeIndex node = 0; node < model_.nodes.end(); ++node) {
    if (model_.nodes.has(node, kTakes) && can_take(node, true)) return true;
  }
  return false;
}

void Throttle::spend(NodeIndex target, uint64_t bytes) {
  if (model_.settings.swarm_bytes_per_second != 0) swarm_credit_ -= static_cast<double>(bytes);
  if (model_.settings.node_bytes_per_second != 0)
    model_.nodes.edit(target).byte_credit -= static_cast<double>(bytes);
}

}  // namespace fsdfs::master
