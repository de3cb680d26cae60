// SchedulerCore: what happens to nodes.
#include <algorithm>

#include "master/scheduler/scheduler_core.h"

namespace fsdfs::master {

Status SchedulerCore::node_changed(const NodeInfo& info) {
  if (info.id.none()) return invalid_argument("a node needs an id");
  NodeIndex index = model_.nodes.find(info.id);
  if (index == kNoNode) {
    index = model_.nodes.insert(info);
    if (index == kNoNode) {
      return invalid_argument("too many nodes: the limit is " + std::to_string(kNodesMax) +
                              "; `fsdfs node remove` those that are gone");
    }
    sweep_.request();
    model_.wake();
    return {};
  }
  uint8_t before = model_.nodes.traits(index);
  int64_t room_before = model_.nodes.room_promised(index);
  int usable_before = model_.nodes.usable();
  AdminState admin_before = model_.nodes.at(index).info.admin;
  model_.nodes.update(index, info);
  throttle_.pace(index, info.load.foreground_slow);
  uint8_t after = model_.nodes.traits(index);
  if (before != after || usable_before != model_.nodes.usable() || admin_before != info.admin) {
    // Copies count otherwise than before, in either direction.
    victims_.forget_all();
    sweep_.request();
    model_.wake();
    deletions_.node_settled();
  }
  if ((after & kLive) == 0 && (before & kLive) != 0) end_jobs_lost_with(index);
  if (model_.nodes.room_promised(index) > room_before) model_.wake();
  shed_arrivals(index);
  return {};
}

void SchedulerCore::shed_arrivals(NodeIndex node) {
  if (model_.nodes.room_now(node) >= 0 || !model_.guards.reserve_arriving) return;
  int64_t too_much = -model_.nodes.room_now(node);
  std::vector<uint64_t> latest_first;
  for (const auto& [id, job] : model_.jobs.all()) {
    if (job.target == node && job.state == CopyJob::State::kOrdered) latest_first.push_back(id);
    // Those cancelled before will free their space as well.
    if (job.target == node && job.state == CopyJob::State::kCancelled)
      too_much -= static_cast<int64_t>(job.size);
  }
  std::reverse(latest_first.begin(), latest_first.end());
  for (uint64_t id : latest_first) {
    if (too_much <= 0) return;
    too_much -= static_cast<int64_t>(model_.jobs.find(id)->size);
    actions_.give_up_job(id, CancelCause::kNoRoom);
  }
}

void SchedulerCore::node_restarted(NodeIndex node) {
  end_jobs_lost_with(node);
  if (!model_.nodes.at(node).reported) return;
  model_.nodes.set_reported(node, false);
  sweep_.request();
}

void SchedulerCore::node_reported(NodeIndex node) {
  deletions_.node_reported(node);
  if (model_.nodes.at(node).reported) return;
  model_.nodes.set_reported(node, true);
  if (model_.recovering && model_.nodes.all_settled()) model_.recovering = false;
  victims_.forget_all();
  sweep_.request();
  model_.wake();
  deletions_.node_settled();
}

void SchedulerCore::node_removed(NodeIndex node) {
  end_jobs_lost_with(node);
  for (auto& [id, job] : model_.jobs.all()) {
    if (job.source == node) job.source = kNoNode;
  }
  admissions_.node_removed(node);
  for (uint64_t inode : model_.leftovers.inodes()) {
    std::vector<uint64_t> versions;
    for (const Leftover& leftover : *model_.leftovers.find(inode)) {
      if (leftover.node == node) versions.push_back(leftover.version);
    }
    for (uint64_t version : versions) model_.drop_leftover(inode, version, node);
    Slot slot = versions.empty() ? kNoSlot : model_.files.find(inode);
    if (slot != kNoSlot) actions_.erase_if_done(slot);
  }
  model_.nodes.begin_removal(node);
  victims_.forget_all();
  victims_.forget(node);
  sweep_.node_removed(node);
  model_.wake();
  deletions_.node_settled();
}

}  // namespace fsdfs::master
