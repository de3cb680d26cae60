#include "node/store/removal.h"

namespace fsdfs::node {

Removal::Removal(StoreCore& core, const std::vector<ReplicaId>& replicas) : core_(core) {
  for (const ReplicaId& replica : replicas) statuses_.emplace(replica, Status());
}

const std::map<ReplicaId, Status>& Removal::run() {
  for (auto& [replica, status] : statuses_) find_and_unlink(replica, status);
  sync();
  forget();
  return statuses_;
}

void Removal::find_and_unlink(const ReplicaId& replica, Status& status) {
  core_.shelf.drop(replica);
  auto row = core_.index->find(replica);
  if (!row.ok()) {
    status = row.status();
  } else if (*row) {
    held_[replica] = **row;
    status = unlink(**row);
  }
}

Status Removal::unlink(const IndexRow& row) {
  const ReplicaId& replica = row.held.replica;
  core_.cache.forget(replica);
  // The data first: a sidecar alone is swept by a start, data alone would have to be kept.
  FSDFS_TRY(core_.unlink_if_there(core_.layout.data(replica)));
  FSDFS_TRY(core_.unlink_if_there(core_.layout.meta(replica)));
  directories_[core_.layout.directory_of(replica)].push_back(replica);
  if (row.held.state == HeldState::kWhole) return {};
  FSDFS_TRY(core_.unlink_if_there(core_.layout.quarantined_data(replica)));
  FSDFS_TRY(core_.unlink_if_there(core_.layout.quarantined_meta(replica)));
  directories_[core_.layout.quarantine()].push_back(replica);
  return {};
}

void Removal::sync() {
  for (const auto& [directory, replicas] : directories_) {
    Status status = core_.disk.sync_directory(directory);
    if (status.ok() || status.code() == Code::kNotFound)
      continue;  // not found: it was quarantined from the start
    for (const ReplicaId& replica : replicas) {
      if (statuses_[replica].ok()) statuses_[replica] = status;
    }
  }
}

void Removal::forget() {
  std::vector<ReplicaId> gone;
  for (const auto& [replica, row] : held_) {
    if (statuses_[replica].ok()) gone.push_back(replica);
  }
  Status index = gone.empty() ? Status() : core_.index->remove(gone);
  for (const ReplicaId& replica : gone) {
    statuses_[replica] = index;
    if (!index.ok()) continue;
    const IndexRow& row = held_[replica];
    core_.count_out(row.held.content.size);
    core_.tree.settle(row.parent, row.name);
  }
}

}  // namespace fsdfs::node
