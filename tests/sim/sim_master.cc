#include "tests/sim/sim_master.h"

#include <algorithm>

#include "tests/sim/names.h"

namespace fsdfs::sim {

using master::Liveness;

SimMaster::SimMaster(const Plan& plan, const master::SchedulerGuards& guards, Checker& checker, Tally& tally)
    : plan_(plan), guards_(guards), checker_(checker), tally_(tally) {}

void SimMaster::start(MonotonicTime now, bool recovering) {
  ++epoch_;
  checker_.master_started(recovering);
  scheduler_ = std::make_unique<master::Scheduler>(plan_.scheduler, guards_);
  liveness_ = std::make_unique<master::LivenessTracker>(plan_.liveness);
  scheduler_->set_recovering(recovering);
  attends_.assign(nodes_.size(), false);
  for (size_t node = 0; node < nodes_.size(); ++node) {
    if (!nodes_[node].registered) continue;
    liveness_->expect(node_id(node), Incarnation{nodes_[node].incarnation}, now);
    nodes_[node].info.liveness = Liveness::kSilent;
    tell_node(node, nodes_[node].info);
  }
  for (size_t file = 0; file < files_.size(); ++file) {
    DbFile& record = files_[file];
    if (record.exists) {
      record.info.open = false;  // sessions end with their master
      file_changed(file);
    }
    for (const Row& row : record.rows) {
      if (row.deleting) {
        checker_.replica_deleting(file, row.version, row.size, row.node);
        (void)scheduler_->replica_deleting(inode_of(file), row.version, row.size, node_id(row.node));
      } else {
        checker_.replica_added(file, row.version, row.size, row.node);
        if (Status told = scheduler_->replica_added(inode_of(file), row.version, row.size, node_id(row.node));
            !told.ok()) {
          checker_.fail("a record was refused: " + told.to_string());
        }
      }
    }
    if (!record.exists) checker_.file_removed(file);
  }
}

void SimMaster::register_node(size_t node, const master::NodeInfo& info, MonotonicTime now) {
  if (nodes_.size() <= node) nodes_.resize(node + 1);
  if (attends_.size() <= node) attends_.resize(node + 1, false);
  nodes_[node].registered = true;
  nodes_[node].info = info;
  liveness_->expect(node_id(node), Incarnation{0}, now);
  nodes_[node].info.liveness = Liveness::kSilent;
  tell_node(node, nodes_[node].info);
}

void SimMaster::node_removed(size_t node) {
  nodes_[node].registered = false;
  liveness_->forget(node_id(node));
  for (DbFile& file : files_) {
    std::erase_if(file.rows, [node](const Row& row) { return row.node == node; });
  }
  checker_.node_removed(node);
  scheduler_->node_removed(node_id(node));
}

void SimMaster::tell_node(size_t node, const master::NodeInfo& info) {
  Liveness liveness = liveness_->liveness(node_id(node));
  if (!attends_[node]) liveness = std::max(liveness, Liveness::kSilent);
  nodes_[node].info = info;
  nodes_[node].info.liveness = liveness;
  checker_.node_told(nodes_[node].info);
  if (Status told = scheduler_->node_changed(nodes_[node].info); !told.ok()) checker_.fail(told.to_string());
}

void SimMaster::tell_liveness(size_t node) {
  tell_node(node, nodes_[node].info);
}

bool SimMaster::hello(size_t node, uint64_t incarnation, MonotonicTime now) {
  if (!nodes_[node].registered) return false;
  auto greeting = liveness_->hello(node_id(node), Incarnation{incarnation}, "process", now);
  if (!greeting.ok()) {
    tally_.count("hello refused");
    return false;
  }
  nodes_[node].incarnation = incarnation;
  attends_[node] = true;
  checker_.node_restarted(node);
  scheduler_->node_restarted(node_id(node));
  tell_liveness(node);
  return true;
}

void SimMaster::heard(size_t node, uint64_t incarnation, MonotonicTime now) {
  if (!nodes_[node].registered || !attends_[node]) return;
  auto changed = liveness_->heard(node_id(node), Incarnation{incarnation}, now);
  if (changed.ok() && *changed) tell_liveness(node);
}

void SimMaster::disconnected(size_t node) {
  attends_[node] = false;
  if (nodes_[node].registered) tell_liveness(node);
}

void SimMaster::node_reported(size_t node) {
  checker_.node_reported(node);
  scheduler_->node_reported(node_id(node));
}

void SimMaster::advance_liveness(MonotonicTime now) {
  for (const auto& change : liveness_->advance(now)) {
    tally_.count(std::string("node ") + std::string(name_of(change.after)));
    tell_liveness(node_of(change.node));
  }
}

void SimMaster::file_changed(size_t file) {
  checker_.file_told(files_[file].info);
  if (Status told = scheduler_->file_changed(files_[file].info); !told.ok()) checker_.fail(told.to_string());
}

void SimMaster::reads_noted(size_t file, uint64_t reads, WallTime at) {
  master::FileInfo& info = files_[file].info;
  float weight = scheduler_->reads_noted(inode_of(file), reads, at);
  if (info.trash) return;
  if (weight < info.weight.value_or(0)) checker_.fail("reads made a file less wanted");
  info.weight = weight;
  checker_.file_told(info);
}

void SimMaster::file_purged(size_t file) {
  files_[file].exists = false;
  for (Row& row : files_[file].rows) row.deleting = true;
  checker_.file_removed(file);
  scheduler_->file_removed(inode_of(file));
}

void SimMaster::replica_added(size_t file, Version version, uint64_t size, size_t node) {
  DbFile& record = files_[file];
  for (const Row& row : record.rows) {
    if (row.node == node && row.version == version) return;
  }
  record.rows.push_back({node, version, size, false});
  checker_.replica_added(file, version, size, node);
  Status told = scheduler_->replica_added(inode_of(file), version, size, node_id(node));
  if (!told.ok()) checker_.fail("a replica was refused: " + told.to_string());
}

void SimMaster::replica_removed(size_t file, Version version, size_t node) {
  std::erase_if(files_[file].rows,
                [&](const Row& row) { return row.node == node && row.version == version; });
  checker_.replica_removed(file, version, node);
  scheduler_->replica_removed(inode_of(file), version, node_id(node));
}

void SimMaster::tombstone(size_t file, Version version, uint64_t size, size_t node) {
  for (const Row& row : files_[file].rows) {
    if (row.node == node && row.version == version) return;
  }
  files_[file].rows.push_back({node, version, size, true});
  checker_.replica_deleting(file, version, size, node);
  (void)scheduler_->replica_deleting(inode_of(file), version, size, node_id(node));
}

std::vector<master::Order> SimMaster::tick(MonotonicTime now) {
  master::TickResult result = scheduler_->tick(now);
  more_work_ = result.more_work;
  checker_.check(result.orders);
  return std::move(result.orders);
}

bool SimMaster::commit_delete(const master::DeleteOrder& order, bool commit_fails) {
  size_t node = node_of(order.node);
  DbFile& record = files_[file_of(order.replica.inode)];
  for (Row& row : record.rows) {
    if (row.node != node || row.version != order.replica.version) continue;
    if (commit_fails && !row.deleting) {
      checker_.replica_undoomed(file_of(order.replica.inode), row.version, node);
      scheduler_->delete_failed(order.replica.inode, row.version, order.node);
      return false;
    }
    row.deleting = true;
    return true;
  }
  return false;
}

void SimMaster::copy_failed(OrderId order, master::CopyFailure why, MonotonicTime now) {
  checker_.copy_ended(order.value);
  scheduler_->copy_failed(order, why, now);
}

master::Admission SimMaster::admit(const master::AdmitRequest& request, MonotonicTime now) {
  master::Admission answer = scheduler_->admit(request, now);
  if (answer.outcome == master::Admission::Outcome::kGranted) {
    checker_.session_reserved(answer.chain, request.size);
  }
  return answer;
}

master::Admission SimMaster::extend(SessionId session, const std::vector<NodeId>& chain, uint64_t bytes,
                                    MonotonicTime now) {
  master::Admission answer = scheduler_->extend(session, bytes, now);
  if (answer.outcome == master::Admission::Outcome::kGranted) checker_.session_reserved(chain, bytes);
  return answer;
}

void SimMaster::release(SessionId session, const std::vector<NodeId>& granted_chain, uint64_t bytes) {
  checker_.session_released(granted_chain, bytes);
  scheduler_->release(session);
}

}  // namespace fsdfs::sim
