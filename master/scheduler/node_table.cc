#include "master/scheduler/node_table.h"

#include <algorithm>

namespace fsdfs::master {

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
    if (!draining) traits |= kStays;
    if (up) traits |= kSource;
    if (up && !draining && (node.reported || !guards_.await_reports)) traits |= kSafe;
    if (!guards_.count_only_up) traits |= kSafe;
    if (up && node.reported && node.info.admin == AdminState::kActive && !node.info.at_floor)
      traits |= kTakes;
    if (node.reported || !guards_.await_reports) traits |= kSettled;
  }
  traits_[index] = traits;
  usable_ += ((traits & kStays) != 0) - ((before & kStays) != 0);
}

int64_t NodeTable::room_promised(NodeIndex index) const {
  const Node& node = nodes_[index];
  int64_t room = static_cast<int64_t>(node.info.quota) - static_cast<int64_t>(occupied(index)) +
                 static_cast<int64_t>(node.doomed);
  if (guards_.reserve_arriving) room -= static_cast<int64_t>(node.arriving + node.waiting);
  return room;
}

int64_t NodeTable::room_now(NodeIndex index) const {
  const Node& node = nodes_[index];
  int64_t room = static_cast<int64_t>(node.info.quota) - static_cast<int64_t>(occupied(index));
  if (guards_.reserve_arriving) room -= static_cast<int64_t>(node.arriving);
  if (!guards_.await_space) room += static_cast<int64_t>(node.doomed);
  return room;
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
