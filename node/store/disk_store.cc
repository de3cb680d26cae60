#include "node/store/disk_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "node/store/recovery.h"
#include "node/store/removal.h"

namespace fsdfs::node {

Result<std::unique_ptr<DiskStore>> DiskStore::open(const DiskSettings& settings, DataDirectory& directory,
                                                   const NodeId& node, StoreShared& shared,
                                                   const Clock& clock, Logger& logger) {
  FSDFS_ASSIGN(OpenedIndex opened, open_index(directory.layout(), directory.disk(), logger));
  FSDFS_ASSIGN(auto records, DirectoryRecords::open(directory.layout().directories(), logger));
  if (records.made_anew) FSDFS_TRY(opened.index->set_followed({}));
  auto fail_disk = [&health = directory.health()](const Status& why) { health.fail(why); };
  opened.index->watch(fail_disk);
  records.records->watch(fail_disk);
  auto core = std::make_unique<StoreCore>(settings, directory, node, shared, clock, logger,
                                          std::move(opened.index), std::move(records.records));
  FSDFS_TRY(recover(*core, opened.reconcile));
  FSDFS_ASSIGN(IndexTotals totals, core->index->totals());
  core->quota.add_held(totals.bytes);
  core->replicas = totals.replicas;
  if (totals.bytes > settings.quota) {
    logger.warning(
        "node {} holds {} bytes in {}, more than its quota of {}: nothing new fits until some are deleted",
        to_string(node), totals.bytes, directory.layout().root(), settings.quota);
  }
  return std::unique_ptr<DiskStore>(new DiskStore(std::move(core)));
}

DiskStore::~DiskStore() = default;

// A disk that has failed stays unclean: its next start looks at every replica.
Status DiskStore::close() {
  core_->shelf.clear();
  if (failed()) return {};
  FSDFS_TRY(core_->directories->close());
  FSDFS_TRY(core_->index->close());
  return mark_index_clean(core_->layout, core_->disk);
}

namespace {

// In steps, so that not every byte that comes or goes in the filesystem is news.
uint64_t capacity_of(uint64_t quota, uint64_t fits) {
  constexpr uint64_t kSteps = 1024;
  if (fits >= quota) return quota;
  const uint64_t step = std::max<uint64_t>(quota / kSteps, 1);
  return fits / step * step;
}

}  // namespace

uint64_t DiskStore::room() {
  auto above_floor = core_->unpromised();
  if (failed() || !above_floor.ok()) return 0;
  uint64_t used = core_->quota.used();
  uint64_t quota = core_->quota.quota();
  return std::min(*above_floor, quota - std::min(quota, used)) + core_->shelf.totals().reserved;
}

Status DiskStore::fill(DiskFigures& figures, DiskMeter::Figures& meter) {
  DiskMeter::Figures measured = core_->meter.total();
  meter.operations += measured.operations;
  meter.nanoseconds += measured.nanoseconds;
  core_->shelf.drop_expired();
  Shelf::Totals spare = core_->shelf.totals();
  figures.used = core_->quota.used();
  figures.spare = std::min(spare.reserved, figures.used);  // it may have gone meanwhile
  figures.spare_on_disk = std::min(spare.staged, figures.spare);
  figures.held = figures.used - std::min(figures.used, core_->quota.reserved());
  figures.replicas = core_->replicas.load();
  FSDFS_ASSIGN(DiskSpace space, core_->disk.space(core_->layout.root()));
  figures.free_on_disk = space.free_bytes - std::min(space.free_bytes, core_->settings.free_floor);
  FSDFS_ASSIGN(uint64_t unpromised, core_->unpromised());
  figures.capacity = capacity_of(core_->quota.quota(), figures.used + unpromised);
  return {};
}

Result<std::unique_ptr<Arrival>> DiskStore::begin_arrival(const ReplicaId& replica, uint64_t size) {
  Reservation reservation;
  auto reserve = [&]() -> Status {
    FSDFS_TRY(core_->check_floor(size));
    FSDFS_ASSIGN(reservation, core_->quota.reserve(size));
    return {};
  };
  FSDFS_TRY(core_->make_room(reserve));
  std::string path = fmt::format("{}/{}.{}", core_->layout.stage(), Layout::file_name(replica),
                                 core_->stage_counter.fetch_add(1));
  auto file = core_->disk.create(path, kReplicaMode);
  if (file.status().code() == Code::kNotFound) FSDFS_TRY(core_->check_present());
  if (!file.ok()) return file.status();
  return std::unique_ptr<Arrival>(new Arrival(*core_, replica, path, std::move(*file), std::move(reservation),
                                              core_->shared.arrivals.enter(replica)));
}

bool DiskStore::began(const Arrival& arrival) const {
  return &arrival.core_ == core_.get();
}

bool DiskStore::shares_device(uint64_t device) const {
  auto stat = core_->disk.stat(core_->layout.root());
  return stat.ok() && stat->device == device;
}

Result<Adopted> DiskStore::adopt(const ReplicaId& replica, const LocalFile& file, bool moving,
                                 const Origin& origin, const AdoptionProgress& progress) {
  FSDFS_TRY(core_->check_present());
  return Adoption(*core_, replica, file, moving).run(origin, progress);
}

Result<Description> DiskStore::describe(const ReplicaId& replica) {
  FSDFS_ASSIGN(auto row, core_->index->find(replica));
  if (!row)
    return not_found(fmt::format("node {} has no replica {}", to_string(core_->node), replica.to_string()));
  bool whole = row->held.state == HeldState::kWhole;
  return core_->read_sidecar(whole ? core_->layout.meta(replica) : core_->layout.quarantined_meta(replica));
}

Result<std::optional<HeldReplica>> DiskStore::find(const ReplicaId& replica) {
  FSDFS_ASSIGN(auto row, core_->index->find(replica));
  if (!row) return std::optional<HeldReplica>();
  return std::optional<HeldReplica>(row->held);
}

Result<std::vector<IndexRow>> DiskStore::page(const std::optional<ReplicaId>& after, size_t limit) {
  return core_->index->page(after, limit);
}

Result<std::shared_ptr<const OpenReplica>> DiskStore::open_replica(const ReplicaId& replica) {
  if (auto open = core_->cache.find(replica)) return open;
  uint64_t generation = core_->cache.generation();
  bool bad = false;
  FSDFS_ASSIGN(auto open, open_on_disk(replica, bad));
  core_->cache.keep(open, generation);
  return open;
}

// `bad`: the replica turned out not to be whole, and was set aside.
Result<std::shared_ptr<const OpenReplica>> DiskStore::open_on_disk(const ReplicaId& replica, bool& bad) {
  FSDFS_ASSIGN(auto row, core_->index->find(replica));
  if (!row) {
    return not_found(fmt::format("node {} has no replica {}", to_string(core_->node), replica.to_string()));
  }
  if (row->held.state != HeldState::kWhole) {
    return data_loss(fmt::format("the replica {} of node {} is quarantined: its bytes fail their sums",
                                 replica.to_string(), to_string(core_->node)));
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
    bad = quarantine(replica, status);  // does nothing where it was removed just now
    return status;
  }
  return std::make_shared<const OpenReplica>(std::move(*file), std::move(*description), core_.get());
}

// The sidecar carries its own sum and the index does not: where they differ, the index is wrong.
Status DiskStore::repair_row(const Description& description) {
  Claims::Claim claim = core_->shared.claims.take(description.replica);
  FSDFS_ASSIGN(auto row, core_->index->find(description.replica));
  if (!row || row->held.state != HeldState::kWhole) return {};
  core_->logger.warning("the index has a wrong row for {}: corrected from its sidecar",
                        description.replica.to_string());
  IndexRow right = row_of(description, HeldState::kWhole, row->verified);
  right.current = row->current;
  FSDFS_TRY(core_->index->put(right));
  core_->quota.remove_held(row->held.content.size);
  core_->quota.add_held(right.held.content.size);
  core_->shared.changes.added(right.held);
  return {};
}

Status DiskStore::read(const OpenReplica& replica, uint64_t offset, std::span<char> into) {
  Status status;
  {
    DiskMeter::Timer timer(core_->meter, core_->clock);
    status = replica.read(offset, into);
  }
  if (status.code() == Code::kDataLoss) quarantine(replica.id(), status);
  return status;
}

bool DiskStore::opened(const OpenReplica& replica) const {
  return replica.owner() == core_.get();
}

bool DiskStore::quarantine(const ReplicaId& replica, const Status& why) {
  Claims::Claim claim = core_->shared.claims.take(replica);
  if (failed()) return false;
  auto row = core_->index->find(replica);
  if (!row.ok() || !*row || (*row)->held.state != HeldState::kWhole) return false;
  core_->logger.error("replica {} of node {} is bad and quarantined: {}", replica.to_string(),
                      to_string(core_->node), why.message());
  if (Status status = set_aside(**row); !status.ok()) {
    core_->logger.error("the bad replica {} stays where it is, unserved: {}", replica.to_string(),
                        status.message());
    // A full disk may have room later; one on which a bad replica can't even be put aside is no good.
    if (status.reason() != Reason::kNoSpace) core_->health.fail(status);
  }
  return true;
}

Status DiskStore::set_aside(const IndexRow& row) {
  const ReplicaId& replica = row.held.replica;
  auto stat = core_->disk.stat(core_->layout.data(replica));
  if (stat.status().code() == Code::kNotFound) {
    FSDFS_TRY(core_->check_present());
    forget_missing(row);
    return {};
  }
  IndexRow bad = row;
  bad.held.state = HeldState::kQuarantined;
  FSDFS_TRY(core_->index->put(bad));  // first: from here on it is not served
  core_->cache.forget(replica);
  core_->tree.settle(row.parent, row.name);
  core_->shared.changes.added(bad.held);
  FSDFS_TRY(core_->disk.rename(core_->layout.data(replica), core_->layout.quarantined_data(replica)));
  Status meta = core_->disk.rename(core_->layout.meta(replica), core_->layout.quarantined_meta(replica));
  if (!meta.ok() && meta.code() != Code::kNotFound) return meta;
  FSDFS_TRY(core_->disk.sync_directory(core_->layout.quarantine()));
  return core_->disk.sync_directory(core_->layout.directory_of(replica));
}

// Somebody took the file away: there is nothing to keep.
void DiskStore::forget_missing(const IndexRow& row) {
  const ReplicaId& replica = row.held.replica;
  core_->cache.forget(replica);
  Status meta = core_->unlink_if_there(core_->layout.meta(replica));
  Status index = core_->index->remove(replica);
  for (const Status& status : {meta, index}) {
    if (!status.ok()) core_->logger.warning("forgetting {}: {}", replica.to_string(), status.message());
  }
  if (!index.ok()) return;
  core_->tree.settle(row.parent, row.name);
  core_->count_out(row.held.content.size);
  core_->shared.changes.removed(replica);
}

std::map<ReplicaId, Status> DiskStore::remove(const std::vector<ReplicaId>& replicas) {
  return Removal(*core_, replicas).run();
}

}  // namespace fsdfs::node
