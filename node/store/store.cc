#include "node/store/store.h"

#include <fmt/format.h>

#include <algorithm>

#include "node/store/recovery.h"
#include "node/store/removal.h"

namespace fsdfs::node {

Result<std::unique_ptr<ReplicaStore>> ReplicaStore::open(const StoreSettings& settings,
                                                         DataDirectory& directory, Disk& disk,
                                                         const Clock& clock, Logger& logger) {
  FSDFS_ASSIGN(OpenedIndex opened, open_index(directory.layout(), disk, logger));
  auto core = std::make_unique<StoreCore>(settings, directory, disk, clock, logger, std::move(opened.index));
  FSDFS_TRY(recover(*core, opened.reconcile));
  FSDFS_ASSIGN(IndexTotals totals, core->index->totals());
  core->quota.add_held(totals.bytes);
  core->replicas = totals.replicas;
  if (totals.bytes > settings.quota) {
    logger.warning(
        "node {} holds {} bytes, more than its quota of {}: nothing new fits until some are deleted",
        to_string(directory.node()), totals.bytes, settings.quota);
  }
  return std::unique_ptr<ReplicaStore>(new ReplicaStore(std::move(core)));
}

ReplicaStore::~ReplicaStore() = default;

Status ReplicaStore::close() {
  core_->shelf.clear();
  FSDFS_TRY(core_->index->close());
  return mark_index_clean(core_->layout, core_->disk);
}

Result<std::unique_ptr<Arrival>> ReplicaStore::begin_arrival(const ReplicaId& replica, uint64_t size,
                                                             ArrivalKind kind) {
  if (kind == ArrivalKind::kWrite && core_->arrivals.was_deleted(replica)) {
    return aborted("the session of " + replica.to_string() + " has ended and its copy here was deleted",
                   Reason::kSessionLost);
  }
  Reservation reservation;
  auto reserve = [&]() -> Status {
    FSDFS_TRY(core_->check_floor(size));
    FSDFS_ASSIGN(reservation, core_->quota.reserve(size));
    return {};
  };
  FSDFS_TRY(core_->make_room(reserve));
  std::string path = fmt::format("{}/{}.{}", core_->layout.stage(), Layout::file_name(replica),
                                 core_->stage_counter.fetch_add(1));
  FSDFS_ASSIGN(auto file, core_->disk.create(path, kReplicaMode));
  return std::unique_ptr<Arrival>(new Arrival(*core_, replica, path, std::move(file), std::move(reservation),
                                              core_->arrivals.enter(replica)));
}

void ReplicaStore::shelve(Shelved shelved) {
  core_->shelf.put(std::move(shelved));
}

std::optional<Shelved> ReplicaStore::resume(const ReplicaId& replica, const Content& content) {
  return core_->shelf.take(replica, content);
}

Result<std::shared_ptr<const OpenReplica>> ReplicaStore::other_version(const ReplicaId& replica) {
  constexpr size_t kVersionsMax = 16;
  FSDFS_ASSIGN(auto rows, core_->index->page(ReplicaId{replica.inode, {}}, kVersionsMax));
  std::optional<ReplicaId> newest;
  for (const IndexRow& row : rows) {
    const ReplicaId& held = row.held.replica;
    if (held.inode == replica.inode && held != replica && row.held.state == HeldState::kWhole) newest = held;
  }
  if (!newest) return std::shared_ptr<const OpenReplica>();
  return open_replica(*newest);
}

Result<std::optional<HeldReplica>> ReplicaStore::find(const ReplicaId& replica) {
  FSDFS_ASSIGN(auto row, core_->index->find(replica));
  if (!row) return std::optional<HeldReplica>();
  return std::optional<HeldReplica>(row->held);
}

Result<std::vector<HeldReplica>> ReplicaStore::page(const std::optional<ReplicaId>& after, size_t limit) {
  FSDFS_ASSIGN(auto rows, core_->index->page(after, limit));
  std::vector<HeldReplica> held;
  held.reserve(rows.size());
  for (const IndexRow& row : rows) held.push_back(row.held);
  return held;
}

Result<std::shared_ptr<const OpenReplica>> ReplicaStore::open_replica(const ReplicaId& replica) {
  if (auto open = core_->cache.find(replica)) return open;
  uint64_t generation = core_->cache.generation();
  FSDFS_ASSIGN(auto row, core_->index->find(replica));
  if (!row) {
    return not_found(
        fmt::format("node {} has no replica {}", to_string(core_->directory.node()), replica.to_string()));
  }
  if (row->held.state != HeldState::kWhole) {
    return data_loss(fmt::format("the replica {} of node {} is quarantined: its bytes fail their sums",
                                 replica.to_string(), to_string(core_->directory.node())));
  }
  auto file = core_->disk.open(core_->layout.data(replica), Disk::Access::kRead);
  auto description = core_->read_sidecar(core_->layout.meta(replica));
  Status status = !file.ok() ? file.status() : description.status();
  if (status.ok() && description->replica != replica) {
    status =
        data_loss("the sidecar of " + replica.to_string() + " describes " + description->replica.to_string());
  }
  if (status.ok() && description->content != row->held.content) FSDFS_TRY(repair_row(*description));
  if (!status.ok()) {
    if (status.code() != Code::kDataLoss && status.code() != Code::kNotFound) return status;
    quarantine(replica, status);  // does nothing where it was removed just now
    return status;
  }
  auto open = std::make_shared<const OpenReplica>(std::move(*file), std::move(*description));
  core_->cache.keep(open, generation);
  return open;
}

// The sidecar carries its own sum and the index does not: where they differ, the index is wrong.
Status ReplicaStore::repair_row(const Description& description) {
  Claims::Claim claim = core_->claims.take(description.replica);
  FSDFS_ASSIGN(auto row, core_->index->find(description.replica));
  if (!row || row->held.state != HeldState::kWhole) return {};
  core_->logger.warning("the index has a wrong row for {}: corrected from its sidecar",
                        description.replica.to_string());
  IndexRow right = row_of(description, HeldState::kWhole, row->verified);
  FSDFS_TRY(core_->index->put(right));
  core_->quota.remove_held(row->held.content.size);
  core_->quota.add_held(right.held.content.size);
  core_->changes.added(right.held);
  return {};
}

Status ReplicaStore::read(const OpenReplica& replica, uint64_t offset, std::span<char> into) {
  Status status;
  {
    DiskMeter::Timer timer(core_->meter, core_->clock);
    status = replica.read(offset, into);
  }
  if (status.code() == Code::kDataLoss) quarantine(replica.id(), status);
  return status;
}

void ReplicaStore::quarantine(const ReplicaId& replica, const Status& why) {
  Claims::Claim claim = core_->claims.take(replica);
  auto row = core_->index->find(replica);
  if (!row.ok() || !*row || (*row)->held.state != HeldState::kWhole) return;
  core_->logger.error("replica {} of node {} is bad and quarantined: {}", replica.to_string(),
                      to_string(core_->directory.node()), why.message());
  if (Status status = set_aside(**row); !status.ok()) {
    core_->logger.error("the bad replica {} stays where it is, unserved: {}", replica.to_string(),
                        status.message());
  }
}

Status ReplicaStore::set_aside(const IndexRow& row) {
  const ReplicaId& replica = row.held.replica;
  auto stat = core_->disk.stat(core_->layout.data(replica));
  if (stat.status().code() == Code::kNotFound) {
    forget_missing(row);
    return {};
  }
  IndexRow bad = row;
  bad.held.state = HeldState::kQuarantined;
  FSDFS_TRY(core_->index->put(bad));  // first: from here on it is not served
  core_->cache.forget(replica);
  core_->changes.added(bad.held);
  FSDFS_TRY(core_->disk.rename(core_->layout.data(replica), core_->layout.quarantined_data(replica)));
  Status meta = core_->disk.rename(core_->layout.meta(replica), core_->layout.quarantined_meta(replica));
  if (!meta.ok() && meta.code() != Code::kNotFound) return meta;
  FSDFS_TRY(core_->disk.sync_directory(core_->layout.quarantine()));
  return core_->disk.sync_directory(core_->layout.directory_of(replica));
}

// Somebody took the file away: there is nothing to keep.
void ReplicaStore::forget_missing(const IndexRow& row) {
  const ReplicaId& replica = row.held.replica;
  core_->cache.forget(replica);
  Status meta = core_->unlink_if_there(core_->layout.meta(replica));
  Status index = core_->index->remove(replica);
  for (const Status& status : {meta, index}) {
    if (!status.ok()) core_->logger.warning("forgetting {}: {}", replica.to_string(), status.message());
  }
  if (!index.ok()) return;
  core_->count_out(row.held.content.size);
  core_->changes.removed(replica);
}

std::vector<Status> ReplicaStore::remove(const std::vector<ReplicaId>& replicas) {
  Removal removal(*core_, replicas);
  const std::map<ReplicaId, Status>& ended = removal.run();
  std::vector<Status> statuses;
  statuses.reserve(replicas.size());
  for (const ReplicaId& replica : replicas) statuses.push_back(ended.at(replica));
  return statuses;
}

Result<bool> ReplicaStore::report_again(const ReplicaId& replica) {
  Claims::Claim claim = core_->claims.take(replica);
  FSDFS_ASSIGN(auto row, core_->index->find(replica));
  if (!row || row->held.state != HeldState::kWhole) return false;
  core_->changes.added(row->held);
  return true;
}

Result<StoreFigures> ReplicaStore::figures() {
  FSDFS_ASSIGN(DiskSpace space, core_->disk.space(core_->layout.root()));
  uint64_t floor = core_->settings.free_floor;
  core_->shelf.drop_expired();
  Shelf::Totals spare = core_->shelf.totals();
  StoreFigures figures;
  figures.quota = core_->quota.quota();
  figures.used = core_->quota.used();
  figures.spare = std::min(spare.reserved, figures.used);  // it may have gone meanwhile
  figures.spare_on_disk = std::min(spare.staged, figures.spare);
  figures.free_on_disk = space.free_bytes > floor ? space.free_bytes - floor : 0;
  figures.replicas = core_->replicas.load();
  figures.arriving = core_->arrivals.arriving();
  figures.disk = core_->meter.total();
  return figures;
}

}  // namespace fsdfs::node
