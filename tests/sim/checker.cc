#include "tests/sim/checker.h"

#include <algorithm>

#include "tests/sim/names.h"

namespace fsdfs::sim {

using master::AdminState;
using master::Liveness;

Checker::File& Checker::file_at(size_t file) {
  if (files_.size() <= file) files_.resize(file + 1);
  return files_[file];
}

Checker::Node& Checker::node_at(size_t node) {
  if (nodes_.size() <= node) nodes_.resize(node + 1);
  return nodes_[node];
}

void Checker::fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

void Checker::master_started(bool recovering) {
  files_.clear();
  nodes_.clear();
  file_of_order_.clear();
  recovering_ = recovering;
}

void Checker::node_told(const master::NodeInfo& info) {
  Node& node = node_at(node_of(info.id));
  bool died = node.present && node.info.liveness != Liveness::kDead && info.liveness == Liveness::kDead;
  node.present = true;
  node.info = info;
  if (died) lose_arrivals(node_of(info.id));
  review_recovery();
}

// It ends for good once every node has reported or is dead.
void Checker::review_recovery() {
  recovering_ = recovering_ && !std::all_of(nodes_.begin(), nodes_.end(), [](const Node& n) {
                  return !n.present || n.reported || n.info.liveness == Liveness::kDead;
                });
}

void Checker::node_restarted(size_t node) {
  lose_arrivals(node);
  node_at(node).reported = false;
}

void Checker::lose_arrivals(size_t node) {
  std::vector<uint64_t> lost;
  for (const auto& [order, file] : file_of_order_) {
    for (const Arrival& arrival : files_[file].arrivals) {
      if (arrival.order == order && arrival.node == node) lost.push_back(order);
    }
  }
  for (uint64_t order : lost) copy_ended(order);
}

void Checker::node_reported(size_t node) {
  node_at(node).reported = true;
  review_recovery();
}

void Checker::node_removed(size_t node) {
  lose_arrivals(node);
  for (File& file : files_) {
    std::erase_if(file.copies, [node](const Copy& copy) { return copy.node == node; });
  }
  node_at(node) = Node{};
}

void Checker::file_told(const master::FileInfo& info) {
  File& file = file_at(file_of(info.inode));
  file.known = true;
  file.info = info;
}

void Checker::file_removed(size_t file) {
  file_at(file).removed = true;
}

void Checker::replica_added(size_t file_number, Version version, uint64_t size, size_t node) {
  File& file = file_at(file_number);
  for (const Copy& copy : file.copies) {
    if (copy.node == node && copy.version == version) return;
  }
  file.copies.push_back({node, version, size, false});
  node_at(node).used += size;
  for (const Arrival& arrival : std::vector<Arrival>(file.arrivals)) {
    if (arrival.node == node && arrival.version == version) copy_ended(arrival.order);
  }
}

void Checker::replica_removed(size_t file_number, Version version, size_t node) {
  File& file = file_at(file_number);
  for (size_t i = 0; i < file.copies.size(); ++i) {
    const Copy& copy = file.copies[i];
    if (copy.node != node || copy.version != version) continue;
    node_at(node).used -= copy.size;
    if (copy.doomed) node_at(node).doomed -= copy.size;
    file.copies.erase(file.copies.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
}

void Checker::replica_deleting(size_t file_number, Version version, uint64_t size, size_t node) {
  replica_added(file_number, version, size, node);
  for (Copy& copy : file_at(file_number).copies) {
    if (copy.node != node || copy.version != version || copy.doomed) continue;
    copy.doomed = true;
    node_at(node).doomed += size;
  }
}

void Checker::replica_undoomed(size_t file_number, Version version, size_t node) {
  File& file = file_at(file_number);
  if (file.removed || version != file.info.version) return;  // stays doomed: it is not wanted in any case
  for (Copy& copy : file.copies) {
    if (copy.node != node || copy.version != version || !copy.doomed) continue;
    copy.doomed = false;
    node_at(node).doomed -= copy.size;
  }
}

void Checker::copy_ended(uint64_t order) {
  auto it = file_of_order_.find(order);
  if (it == file_of_order_.end()) return;
  File& file = files_[it->second];
  for (const Arrival& arrival : file.arrivals) {
    if (arrival.order == order) node_at(arrival.node).arriving -= arrival.size;
  }
  std::erase_if(file.arrivals, [order](const Arrival& arrival) { return arrival.order == order; });
  file_of_order_.erase(it);
}

void Checker::session_reserved(const std::vector<NodeId>& chain, uint64_t bytes) {
  for (const NodeId& id : chain) {
    Node& node = node_at(node_of(id));
    node.arriving += bytes;
    if (node.used + node.info.other_bytes + node.arriving > node.info.quota) {
      fail("invariant 7: a session of " + std::to_string(bytes) + " bytes was let in at node " +
           std::to_string(node_of(id)) + ", which now has more than its quota");
    }
  }
}

void Checker::session_released(const std::vector<NodeId>& chain, uint64_t bytes) {
  for (const NodeId& id : chain) {
    Node& node = node_at(node_of(id));
    if (node.present) node.arriving -= bytes;
  }
}

int Checker::copies_of_victim(const File& file) const {
  int copies = 0;
  for (const Copy& copy : file.copies) {
    const Node& node = nodes_[copy.node];
    copies += copy.version == file.info.version && !copy.doomed && node.info.liveness == Liveness::kUp &&
              node.info.admin != AdminState::kDraining;
  }
  return copies;
}

int Checker::copies_in_need(const File& file) const {
  int copies = 0;
  for (const Copy& copy : file.copies) {
    const Node& node = nodes_[copy.node];
    copies += copy.version == file.info.version && !copy.doomed && node.info.liveness != Liveness::kDead &&
              node.info.admin != AdminState::kDraining;
  }
  for (const Arrival& arrival : file.arrivals)
    copies += !arrival.cancelled && arrival.version == file.info.version;
  return copies;
}

bool Checker::holds_current(const File& file, size_t node) const {
  return std::any_of(file.copies.begin(), file.copies.end(), [&](const Copy& copy) {
    return copy.node == node && copy.version == file.info.version;
  });
}

int64_t Checker::free_when_done(const Node& node) const {
  return static_cast<int64_t>(node.info.quota) - static_cast<int64_t>(node.used + node.info.other_bytes) -
         static_cast<int64_t>(node.arriving) + static_cast<int64_t>(node.doomed);
}

uint64_t Checker::reserve_of(const Node& node) const {
  return static_cast<uint64_t>(settings_.write_reserve * static_cast<double>(node.info.quota));
}

int Checker::floor_of(const File& file) const {
  return file.info.target >= 2 ? std::max(1, settings_.min_copies) : 1;
}

bool Checker::every_holder_settled(const File& file) const {
  auto settled = [](const Node& node) {
    return !node.present || node.reported || node.info.liveness == Liveness::kDead;
  };
  if (recovering_ && !std::all_of(nodes_.begin(), nodes_.end(), settled)) return false;
  return std::all_of(file.copies.begin(), file.copies.end(),
                     [&](const Copy& copy) { return settled(nodes_[copy.node]); });
}

std::string Checker::describe(const File& file) const {
  std::string text = "inode " + std::to_string(file.info.inode.value) + " version " +
                     file.info.version.to_string() + " size " + std::to_string(file.info.size) + " N " +
                     std::to_string(file.info.target) + (file.info.open ? " open" : "") +
                     (file.info.trash ? " trash" : "") + (file.removed ? " removed" : "") + " on";
  for (const Copy& copy : file.copies) {
    const Node& node = nodes_[copy.node];
    text += " " + std::to_string(copy.node) + "(" + copy.version.to_string() +
            (copy.doomed ? " doomed" : "") + " " + std::string(name_of(node.info.liveness)) + " " +
            std::string(name_of(node.info.admin)) + (node.reported ? "" : " unreported") + ")";
  }
  for (const Arrival& arrival : file.arrivals) text += " ->" + std::to_string(arrival.node);
  return text;
}

}  // namespace fsdfs::sim
