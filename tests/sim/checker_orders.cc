// Checker: the rules that an order must keep.
#include <algorithm>

#include "tests/sim/checker.h"
#include "tests/sim/names.h"

namespace fsdfs::sim {

using master::AdminState;
using master::CancelOrder;
using master::CopyOrder;
using master::DeleteCause;
using master::DeleteOrder;
using master::Liveness;
using master::Order;

void Checker::expect(bool holds, const Order& order, const std::string& rule) {
  if (holds || !failure_.empty()) return;
  std::string about;
  if (const auto* copy = std::get_if<CopyOrder>(&order))
    about = describe(file_at(file_of(copy->replica.inode)));
  if (const auto* removal = std::get_if<DeleteOrder>(&order)) {
    about = describe(file_at(file_of(removal->replica.inode)));
    const Node& node = nodes_[node_of(removal->node)];
    about += "; node: quota " + std::to_string(node.info.quota) + " used " + std::to_string(node.used) +
             " other " + std::to_string(node.info.other_bytes) + " arriving " +
             std::to_string(node.arriving) + " doomed " + std::to_string(node.doomed);
    if (removal->for_inode.value != 0) about += "; for " + describe(file_at(file_of(removal->for_inode)));
  }
  fail(rule + ": " + master::describe(order) + "\n  " + about);
}

void Checker::check(const std::vector<Order>& orders) {
  evicted_for_.clear();
  for (const Order& order : orders) {
    if (const auto* copy = std::get_if<CopyOrder>(&order)) check_copy(*copy);
    if (const auto* removal = std::get_if<DeleteOrder>(&order)) check_delete(*removal);
    if (const auto* cancel = std::get_if<CancelOrder>(&order)) check_cancel(*cancel);
    if (!failure_.empty()) return;
  }
  check_room_made();
}

void Checker::check_copy(const CopyOrder& order) {
  size_t number = file_of(order.replica.inode);
  File& file = file_at(number);
  size_t target_number = node_of(order.target);
  Node& target = node_at(target_number);
  expect(file.known && !file.removed && !file.info.open && !file.info.trash, order,
         "a copy of a file at rest");
  expect(order.replica.version == file.info.version && order.size == file.info.size, order,
         "invariant 1: a copy of what is not current");
  expect(target.present && target.info.liveness == Liveness::kUp && target.reported &&
             target.info.admin == AdminState::kActive && !target.info.at_floor,
         order, "a copy to a node that takes none");
  expect(!holds_current(file, target_number), order, "a copy to a node that holds it, or is deleting it");
  expect(std::none_of(file.arrivals.begin(), file.arrivals.end(),
                      [&](const Arrival& arrival) { return arrival.node == target_number; }),
         order, "a second copy on its way to the same node");
  expect(!order.sources.empty(), order, "a copy without a source");
  for (const NodeId& source : order.sources) {
    const Node& node = nodes_[node_of(source)];
    bool whole = std::any_of(file.copies.begin(), file.copies.end(), [&](const Copy& copy) {
      return copy.node == node_of(source) && copy.version == order.replica.version && !copy.doomed;
    });
    expect(whole && node.info.liveness == Liveness::kUp, order,
           "a source that has no whole copy or is not up");
  }
  check_limits(order, file);
  uint64_t taken = target.used + target.info.other_bytes + target.arriving;
  expect(taken + order.size <= target.info.quota, order, "invariant 7: a copy for which there is no space");
  file.arrivals.push_back({order.id.value, target_number, node_of(order.sources.front()),
                           order.replica.version, order.size, false});
  target.arriving += order.size;
  file_of_order_[order.id.value] = number;
}

void Checker::check_limits(const CopyOrder& order, const File& file) {
  size_t target = node_of(order.target), source = node_of(order.sources.front());
  bool spare_source = std::any_of(file.copies.begin(), file.copies.end(), [&](const Copy& copy) {
    const Node& node = nodes_[copy.node];
    return copy.version == order.replica.version && !copy.doomed && node.info.liveness == Liveness::kUp &&
           node.info.admin != AdminState::kDraining;
  });
  expect(nodes_[source].info.admin != AdminState::kDraining || !spare_source, order,
         "a draining node as the source though another node has it");
  int in = 1, out = 1;
  for (const auto& [id, number] : file_of_order_) {
    for (const Arrival& arrival : files_[number].arrivals) {
      if (arrival.order != id) continue;
      in += arrival.node == target;
      out += arrival.source == source;
    }
  }
  expect(in <= settings_.copies_in_per_node, order, "more copies into a node at once than allowed");
  expect(out <= settings_.copies_out_per_node, order, "more copies out of a node at once than allowed");
}

void Checker::check_cancel(const CancelOrder& order) {
  for (Arrival& arrival : file_at(file_of(order.replica.inode)).arrivals) {
    if (arrival.order == order.id.value) arrival.cancelled = true;
  }
}

void Checker::check_delete(const DeleteOrder& order) {
  File& file = file_at(file_of(order.replica.inode));
  size_t number = node_of(order.node);
  Node& node = node_at(number);
  auto copy = std::find_if(file.copies.begin(), file.copies.end(), [&](const Copy& c) {
    return c.node == number && c.version == order.replica.version;
  });
  expect(copy != file.copies.end(), order, "invariant 3: deletion of what the node does not hold");
  if (copy == file.copies.end()) return;
  expect(node.present && node.info.liveness == Liveness::kUp, order, "deletion at a node that is not up");
  expect(every_holder_settled(file), order, "invariant 4: a holder has neither reported nor died");
  if (!copy->doomed) {
    expect(!order.repeated, order, "a deletion said to be repeated that is new");
    switch (order.cause) {
      case DeleteCause::kFileRemoved:
        expect(file.removed, order, "deletion of a file that is there");
        break;
      case DeleteCause::kOldVersion:
        check_old(order, file);
        break;
      default:
        check_eviction(order, file);
        break;
    }
    node.doomed += copy->size;
    copy->doomed = true;
  }
}

void Checker::check_old(const DeleteOrder& order, const File& file) {
  expect(file.removed || order.replica.version < file.info.version, order, "a current copy deleted as old");
  if (file.removed) return;
  double enough =
      file.info.trash ? 1 : std::min(file.info.target, static_cast<double>(settings_.sync_copies));
  expect(copies_of_victim(file) >= std::max(1.0, enough), order,
         "invariant 3: an old version deleted before the current one is whole elsewhere");
  expect(!file.info.open, order, "invariant 3: an old version deleted while the file is open");
}

void Checker::check_eviction(const DeleteOrder& order, const File& victim) {
  expect(!victim.removed && !victim.info.open, order, "eviction of a file that is open or removed");
  expect(order.replica.version == victim.info.version, order, "eviction of an old version");
  expect(order.of_trash == victim.info.trash, order, "whether the file is in the trash is said wrongly");
  int copies = copies_of_victim(victim);
  if (victim.info.trash) {
    int live = 0;
    for (const Copy& copy : victim.copies) {
      live += copy.version == victim.info.version && !copy.doomed &&
              nodes_[copy.node].info.liveness != Liveness::kDead;
    }
    expect(order.last_of_trash == (live <= 1), order,
           "whether it is the last copy in the trash is said wrongly");
    expect(copies > 1 || order.cause != DeleteCause::kReserve, order,
           "a last copy in the trash for the reserve");
  } else {
    expect(copies - 1 >= 1, order, "invariant 2: the last copy evicted");
    expect(copies - 1 >= floor_of(victim), order, "invariant 2: below min_copies");
  }
  double surplus = copies - victim.info.target;
  if (order.cause == DeleteCause::kReserve) {
    expect(victim.info.trash || surplus >= 1 - kRounding, order,
           "eviction for the reserve without a spare copy");
    return;
  }
  if (order.cause == DeleteCause::kRoomForSession) return;  // its own copies are not known here
  const File& needy = file_at(file_of(order.for_inode));
  double need = copies_in_need(needy) - needy.info.target;
  expect(needy.known && !needy.removed && !needy.info.open && !needy.info.trash, order,
         "room for a file at rest");
  if (victim.info.trash) {
    expect(copies > 1 || need < 0, order, "a last copy in the trash for a file that has its copies");
  } else {
    expect(surplus >= need + 2 - kRounding, order, "invariant 2: surplus(v) < surplus(t) + 2");
  }
  if (order.by_way_of.value == 0) {
    ++evicted_for_[{node_of(order.node), order.for_inode.value}];
    return;
  }
  // What arrives here is another file, which leaves its place elsewhere to the one in need: it may not end up
  // better off than what it displaces was.
  const File& moved = file_at(file_of(order.by_way_of));
  expect(victim.info.trash || surplus >= copies_of_victim(moved) - moved.info.target + 1 - kRounding, order,
         "a file relocated at the cost of one that is no better off");
  expect(copies_in_need(moved) - moved.info.target >= need + 1 - kRounding, order,
         "a file relocated that could not give way");
  ++evicted_for_[{node_of(order.node), order.by_way_of.value}];
}

// Victims are taken only if together they make the file fit; its copy may have been ordered in the same
// batch.
void Checker::check_room_made() {
  for (const auto& [key, orders] : evicted_for_) {
    const auto& [number, inode] = key;
    const File& file = files_[file_of(InodeId{inode})];
    const Node& node = nodes_[number];
    bool arriving = std::any_of(file.arrivals.begin(), file.arrivals.end(),
                                [n = number](const Arrival& arrival) { return arrival.node == n; });
    int64_t needed = arriving ? 0 : static_cast<int64_t>(file.info.size);
    if (free_when_done(node) >= needed) continue;
    fail("invariant 2: " + std::to_string(orders) + " copies evicted from node " + std::to_string(number) +
         " do not make room for " + describe(file));
  }
}

}  // namespace fsdfs::sim
