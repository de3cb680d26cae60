#include "master/scheduler/throttle.h"

#include <algorithm>

namespace fsdfs::master {

namespace {
// A second's worth may be saved up: enough to smooth the steps of the ticks, too little for a burst.
constexpr double kBurstSeconds = 1.0;
constexpr double kPaceMin = 1.0 / 64;
constexpr double kPaceStep = 1.0 / 16;
// From this limit on one place is the lane's.
constexpr int kLanePlaceFrom = 4;
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
    refill(model_.nodes.at(node).byte_credit, model_.settings.node_bytes_per_second);
  }
}

void Throttle::pace(NodeIndex node, bool foreground_slow) {
  double& pace = model_.nodes.at(node).pace;
  pace = foreground_slow ? std::max(kPaceMin, pace / 2) : std::min(1.0, pace + kPaceStep);
}

int Throttle::limit(NodeIndex node, int copies) const {
  return std::max(1, static_cast<int>(copies * model_.nodes.at(node).pace));
}

int Throttle::places(NodeIndex index) const {
  const Node& node = model_.nodes.at(index);
  int most = limit(index, model_.settings.copies_in_per_node);
  if (most >= kLanePlaceFrom) --most;
  return most - node.copies_in - static_cast<int>(node.waiting_jobs.size());
}

bool Throttle::can_take(NodeIndex index, bool lane) const {
  const Node& node = model_.nodes.at(index);
  int most = limit(index, model_.settings.copies_in_per_node);
  if (!lane && most >= kLanePlaceFrom) --most;
  if (node.copies_in + static_cast<int>(node.waiting_jobs.size()) >= most) return false;
  if (model_.settings.swarm_bytes_per_second != 0 && swarm_credit_ <= 0) return false;
  return model_.settings.node_bytes_per_second == 0 || node.byte_credit > 0;
}

bool Throttle::can_give(NodeIndex node) const {
  return model_.nodes.at(node).copies_out < limit(node, model_.settings.copies_out_per_node);
}

bool Throttle::overloaded(NodeIndex node) const {
  const NodeLoad& load = model_.nodes.at(node).info.load;
  return std::max(load.cpu, load.disk) > model_.settings.load_max;
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
    model_.nodes.at(target).byte_credit -= static_cast<double>(bytes);
}

}  // namespace fsdfs::master
