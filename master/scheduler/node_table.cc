#include "master/scheduler/node_table.h"

#include <algorithm>

namespace fsdfs::master {

namespace {
// From this limit of copies on one place is the lane's.
constexpr int kLanePlaceFrom = 4;
}  // namespace

NodeIndex NodeTable::find(const NodeId& id) const {
  auto it = by_id_.find(id);
  return it == by_id_.end() ? kNoNode : it->second;
}

uint32_t NodeTable::label(std::map<std::string, uint32_t>& labels, const std::string& text) {
  return labels.try_emplace(text, static_cast<uint32_t>(labels.size())).first->second;
}

NodeIndex NodeTable::insert(const NodeInfo& info) {
  NodeIndex index;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    if (nodes_.size() >= kNodesMax) return kNoNode;
    index = static_cast<NodeIndex>(nodes_.size());
    nodes_.emplace_back();
    traits_.push_back(0);
    stale_.push_back(1);
    briefs_.emplace_back();
  }
  nodes_[index] = Node{};
  nodes_[index].exists = true;
  by_id_[info.id] = index;
  update(index, info);
  return index;
}

void NodeTable::update(NodeIndex index, const NodeInfo& info) {
  Node& node = nodes_[index];
  node.info = info;
  node.zone = label(zones_, info.zone);
  // Without a host name every node is a host of its own.
  node.host = label(hosts_, info.host.empty() ? to_string(info.id) : info.host);
  refresh(index);
}

void NodeTable::set_reported(NodeIndex index, bool reported) {
  nodes_[index].reported = reported;
  refresh(index);
}

void NodeTable::begin_removal(NodeIndex index) {
  Node& node = nodes_[index];
  by_id_.erase(node.info.id);
  node.exists = false;
  node.leaving = true;
  refresh(index);
}

void NodeTable::free_index(NodeIndex index) {
  nodes_[index] = Node{};
  refresh(index);
  free_.push_back(index);
}

void NodeTable::refresh(NodeIndex index) {
  stale_[index] = 1;
  const Node& node = nodes_[index];
  uint8_t before = traits_[index];
  uint8_t traits = 0;
  bool up = node.info.liveness == Liveness::kUp;
  bool draining = node.info.admin == AdminState::kDraining;
  if (!node.exists) {
    traits = kSettled;
  } else if (node.info.liveness == Liveness::kDead) {
    traits = kSettled;
  } else {
    traits = kLive;
    traits |= draining ? kDrains : kStays;
    if (up) traits |= kSource;
    if (up && !draining && (node.reported || !guards_.await_reports)) traits |= kSafe;
    if (!guards_.count_only_up) traits |= kSafe;
    if (up && node.reported && node.info.admin == AdminState::kActive) {
      traits |= node.info.at_floor ? kActive : kActive | kTakes;
    }
    if (node.reported || !guards_.await_reports) traits |= kSettled;
  }
  traits_[index] = traits;
  usable_ += ((traits & kStays) != 0) - ((before & kStays) != 0);
}

void NodeTable::refresh_brief(NodeIndex index) const {
  // How much of a free quota's attraction a fully loaded node loses.
  constexpr double kLoadWeight = 0.5;
  const Node& node = nodes_[index];
  NodeBrief& brief = briefs_[index];
  stale_[index] = 0;
  brief.room_now = static_cast<int64_t>(node.info.quota) - static_cast<int64_t>(occupied(index));
  brief.room_promised = brief.room_now + static_cast<int64_t>(node.doomed);
  if (guards_.reserve_arriving) {
    brief.room_now -= static_cast<int64_t>(node.arriving);
    brief.room_promised -= static_cast<int64_t>(node.arriving + node.waiting);
  }
  if (!guards_.await_space) brief.room_now += static_cast<int64_t>(node.doomed);
  auto quota = static_cast<double>(node.info.quota);
  brief.reserve = static_cast<int64_t>(settings_.write_reserve * quota);
  const NodeLoad& load = node.info.load;
  brief.attraction = static_cast<double>(brief.room_promised) / std::max(1.0, quota) -
                     kLoadWeight * std::max({load.cpu, load.net, load.disk});
  brief.zone = node.zone;
  brief.host = node.host;
  int most = std::max(1, static_cast<int>(settings_.copies_in_per_node * node.pace));
  brief.places = most - node.copies_in - static_cast<int>(node.waiting_jobs.size());
  brief.lane_place = most >= kLanePlaceFrom;
  brief.has_credit = settings_.node_bytes_per_second == 0 || node.byte_credit > 0;
  brief.overloaded = std::max(load.cpu, load.disk) > settings_.load_max;
}

int NodeTable::count(Liveness liveness) const {
  return static_cast<int>(std::count_if(nodes_.begin(), nodes_.end(), [liveness](const Node& node) {
    return node.exists && node.info.liveness == liveness;
  }));
}

bool NodeTable::all_settled() const {
  return std::all_of(traits_.begin(), traits_.end(), [](uint8_t traits) { return (traits & kSettled) != 0; });
}

uint64_t NodeTable::quota_sum() const {
  uint64_t sum = 0;
  for (const Node& node : nodes_) {
    if (node.exists) sum += node.info.quota;
  }
  return sum;
}

size_t NodeTable::resident_bytes() const {
  size_t bytes = nodes_.capacity() * sizeof(Node) + traits_.capacity();
  for (const Node& node : nodes_) bytes += node.waiting_jobs.size() * sizeof(uint64_t);
  return bytes;
}

}  // namespace fsdfs::master
