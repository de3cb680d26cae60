#include "master/registry/liveness.h"

#include <algorithm>

namespace fsdfs::master {

Status check_liveness_settings(const LivenessSettings& settings) {
  if (settings.report_interval <= Duration{}) {
    return invalid_argument("node.report_interval must be above 0");
  }
  if (settings.missed_reports < 1 || settings.missed_reports > 1'000) {
    return invalid_argument("node.missed_reports is " + std::to_string(settings.missed_reports) +
                            ", it must be 1 to 1000");
  }
  if (settings.dead_after < Duration{}) return invalid_argument("node.dead_after must not be below 0");
  return {};
}

void LivenessTracker::expect(NodeId node, Incarnation incarnation, MonotonicTime now) {
  State state;
  state.incarnation = incarnation;
  state.heard = now;
  nodes_.try_emplace(node, state);
}

Result<LivenessTracker::Greeting> LivenessTracker::hello(NodeId node, Incarnation incarnation,
                                                         std::string_view process, MonotonicTime now) {
  if (incarnation.value == 0)
    return invalid_argument("node " + to_string(node) + " says hello without incarnation");
  auto [it, is_new] = nodes_.try_emplace(node);
  State& state = it->second;
  if (incarnation < state.incarnation) {
    ++state.stale;
    return failed_precondition(
        "node " + to_string(node) + " comes as start " + std::to_string(incarnation.value) + ", start " +
            std::to_string(state.incarnation.value) +
            " was seen: this is an older process or an old copy of its data directory; stop it",
        Reason::kStaleIncarnation);
  }
  bool same_start = incarnation == state.incarnation && !state.process.empty();
  if (same_start && state.process != process) {
    return failed_precondition(
        "node id " + to_string(node) + " is in use by " + state.process + " and by " + std::string(process) +
            ": one data directory is a copy of the other; remove the copy's identity file",
        Reason::kWrongIdentity);
  }
  Greeting greeting;
  greeting.restarted = !is_new && !same_start;
  greeting.changed = is_new || state.liveness != Liveness::kUp;
  state = State{incarnation, std::string(process), now, Liveness::kUp, same_start ? state.stale : 0};
  return greeting;
}

Result<bool> LivenessTracker::heard(NodeId node, Incarnation incarnation, MonotonicTime now) {
  auto it = nodes_.find(node);
  if (it == nodes_.end() || it->second.process.empty()) {
    return not_found("node " + to_string(node) + " reports without having said hello: join first");
  }
  State& state = it->second;
  if (incarnation != state.incarnation) {
    ++state.stale;
    return failed_precondition("report of start " + std::to_string(incarnation.value) + " of node " +
                                   to_string(node) + ", its present start is " +
                                   std::to_string(state.incarnation.value) + ": stop the older process",
                               Reason::kStaleIncarnation);
  }
  bool changed = state.liveness != Liveness::kUp;
  state.heard = std::max(state.heard, now);
  state.liveness = Liveness::kUp;
  return changed;
}

Liveness LivenessTracker::by_time(const State& state, MonotonicTime now) const {
  Duration silence = now - state.heard;
  if (silence >= settings_.lost_after()) return Liveness::kDead;
  if (silence >= settings_.silent_after()) return Liveness::kSilent;
  // Only a message makes a node up: one that is expected stays silent however young the master is.
  return state.liveness;
}

std::vector<LivenessTracker::Change> LivenessTracker::advance(MonotonicTime now) {
  std::vector<Change> changes;
  for (auto& [node, state] : nodes_) {
    Liveness after = by_time(state, now);
    if (after == state.liveness) continue;
    changes.push_back({node, state.liveness, after});
    state.liveness = after;
  }
  return changes;
}

std::optional<MonotonicTime> LivenessTracker::next_change() const {
  std::optional<MonotonicTime> next;
  for (const auto& [node, state] : nodes_) {
    if (state.liveness == Liveness::kDead) continue;
    bool up = state.liveness == Liveness::kUp;
    MonotonicTime at = state.heard + (up ? settings_.silent_after() : settings_.lost_after());
    if (!next || at < *next) next = at;
  }
  return next;
}

Liveness LivenessTracker::liveness(NodeId node) const {
  auto it = nodes_.find(node);
  return it == nodes_.end() ? Liveness::kDead : it->second.liveness;
}

std::optional<MonotonicTime> LivenessTracker::last_heard(NodeId node) const {
  auto it = nodes_.find(node);
  if (it == nodes_.end() || it->second.process.empty()) return std::nullopt;
  return it->second.heard;
}

uint64_t LivenessTracker::stale_messages(NodeId node) const {
  auto it = nodes_.find(node);
  return it == nodes_.end() ? 0 : it->second.stale;
}

}  // namespace fsdfs::master
