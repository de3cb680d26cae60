#include "node/store/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace fsdfs::node {
namespace {

// After a disk has failed: in this time whoever had a receipt for a replica on it has brought it to the
// master.
constexpr Duration kLateReceipts = std::chrono::minutes(1);

Status no_disk_works(const NodeId& node) {
  return unavailable("every data disk of node " + to_string(node) + " has failed");
}

Status not_held(const NodeId& node, const ReplicaId& replica) {
  return not_found(fmt::format("node {} has no replica {}", to_string(node), replica.to_string()));
}

Status opened_elsewhere(const OpenReplica& replica) {
  return internal_error(replica.id().to_string() + " was opened by another store");
}

// Of what several disks hold after the same replica: in key order, each once, a whole one before a bad one.
std::vector<HeldReplica> one_page(std::vector<HeldReplica> held, size_t limit) {
  std::sort(held.begin(), held.end(), [](const HeldReplica& a, const HeldReplica& b) {
    return std::pair(a.replica, a.state) < std::pair(b.replica, b.state);
  });
  auto same = [](const HeldReplica& a, const HeldReplica& b) { return a.replica == b.replica; };
  held.erase(std::unique(held.begin(), held.end(), same), held.end());
  if (held.size() > limit) held.resize(limit);
  return held;
}

}  // namespace

Result<std::unique_ptr<ReplicaStore>> ReplicaStore::open(const StoreSettings& settings, NodeDisks& disks,
                                                         const Clock& clock, Logger& logger) {
  if (settings.quotas.size() != disks.slots().size()) {
    return invalid_argument(fmt::format("{} quotas for {} data directories: each needs one of its own",
                                        settings.quotas.size(), disks.slots().size()));
  }
  std::unique_ptr<ReplicaStore> store(new ReplicaStore(disks, clock, logger));
  Status first;
  for (size_t i = 0; i < disks.slots().size(); ++i) {
    Mounted& disk = store->mounted_.emplace_back(&disks.slots()[i], settings.quotas[i], nullptr);
    if (!disk.slot->directory) continue;
    Status opened = store->open_disk(disk, {disk.quota, settings.free_floor, settings.open_replicas_max,
                                            settings.open_sums_max, settings.shelf, settings.tree});
    if (opened.ok()) continue;
    disk.slot->directory->health().fail(opened);
    if (first.ok()) first = opened;
  }
  if (store->shared_.cores.empty()) return first;
  return store;
}

Status ReplicaStore::open_disk(Mounted& disk, const DiskSettings& settings) {
  DataDirectory& directory = *disk.slot->directory;
  FSDFS_TRY(directory.health().status());
  FSDFS_ASSIGN(disk.store, DiskStore::open(settings, directory, disks_.node(), shared_, clock_, logger_));
  shared_.cores.push_back(&disk.store->core());
  directory.health().set_listener([this] { shared_.changes.start_over(clock_.now() + kLateReceipts); });
  return {};
}

ReplicaStore::~ReplicaStore() {
  for (const Mounted& disk : mounted_) {
    if (disk.store) disk.slot->directory->health().set_listener(nullptr);
  }
}

Status ReplicaStore::close() {
  Status first;
  for (const Mounted& disk : mounted_) {
    Status status = disk.store ? disk.store->close() : Status();
    if (first.ok()) first = status;
  }
  return first;
}

std::vector<DiskStore*> ReplicaStore::working() const {
  std::vector<DiskStore*> stores;
  for (const Mounted& disk : mounted_) {
    if (disk.store && !disk.store->failed()) stores.push_back(disk.store.get());
  }
  return stores;
}

// Where it is whole, else where it is in quarantine; null: it is not held.
DiskStore* ReplicaStore::holder_of(const ReplicaId& replica) {
  DiskStore* bad = nullptr;
  for (DiskStore* disk : working()) {
    auto held = disk->find(replica);
    if (!held.ok() || !*held) continue;
    if ((*held)->state == HeldState::kWhole) return disk;
    if (bad == nullptr) bad = disk;
  }
  return bad;
}

std::vector<DiskStore*> ReplicaStore::by_preference(const ReplicaId& replica) {
  std::vector<DiskStore*> disks = working();
  if (disks.size() < 2) return disks;
  DiskStore* holder = holder_of(replica);
  std::map<DiskStore*, uint64_t> room;
  for (DiskStore* disk : disks) room[disk] = disk->room();
  std::stable_sort(disks.begin(), disks.end(), [&](DiskStore* a, DiskStore* b) {
    if ((a == holder) != (b == holder)) return a == holder;
    return room[a] > room[b];
  });
  return disks;
}

Result<std::unique_ptr<Arrival>> ReplicaStore::begin_arrival(const ReplicaId& replica, uint64_t size,
                                                             ArrivalKind kind) {
  if (kind == ArrivalKind::kWrite && shared_.arrivals.was_deleted(replica)) {
    return aborted("the session of " + replica.to_string() + " has ended and its copy here was deleted",
                   Reason::kSessionLost);
  }
  Status refusal = no_disk_works(disks_.node());
  for (DiskStore* disk : by_preference(replica)) {
    auto arrival = disk->begin_arrival(replica, size);
    if (arrival.ok()) return arrival;
    if (refusal.reason() != Reason::kNoSpace) refusal = arrival.status();
  }
  return refusal;
}

// First to a disk of the filesystem that the file is on already: there its bytes need not move.
Result<Adopted> ReplicaStore::adopt(const ReplicaId& replica, const LocalFile& file, bool moving,
                                    const Origin& origin, const AdoptionProgress& progress) {
  std::vector<DiskStore*> disks = by_preference(replica);
  std::stable_partition(disks.begin(), disks.end(),
                        [&](DiskStore* disk) { return disk->shares_device(file.device); });
  Status refusal = no_disk_works(disks_.node());
  for (DiskStore* disk : disks) {
    auto adopted = disk->adopt(replica, file, moving, origin, progress);
    if (adopted.ok() || adopted.status().reason() != Reason::kNoSpace) return adopted;
    refusal = adopted.status();
  }
  return refusal;
}

Result<Description> ReplicaStore::describe(const ReplicaId& replica) {
  DiskStore* disk = holder_of(replica);
  if (disk != nullptr) return disk->describe(replica);
  return not_held(disks_.node(), replica);
}

void ReplicaStore::shelve(Shelved shelved) {
  for (DiskStore* disk : working()) {
    if (disk->began(*shelved.arrival)) return disk->shelve(std::move(shelved));
  }
}

std::optional<Shelved> ReplicaStore::resume(const ReplicaId& replica, const Content& content) {
  std::optional<Shelved> kept;
  for (DiskStore* disk : working()) {
    auto taken = disk->resume(replica, content);
    if (!kept) kept = std::move(taken);
  }
  return kept;
}

Result<std::shared_ptr<const OpenReplica>> ReplicaStore::other_version(const ReplicaId& replica) {
  constexpr size_t kVersionsMax = 16;
  FSDFS_ASSIGN(auto versions, page(ReplicaId{replica.inode, {}}, kVersionsMax));
  std::optional<ReplicaId> newest;
  for (const HeldReplica& held : versions) {
    bool other = held.replica.inode == replica.inode && held.replica != replica;
    if (other && held.state == HeldState::kWhole) newest = held.replica;
  }
  if (!newest) return std::shared_ptr<const OpenReplica>();
  return open_replica(*newest);
}

Result<std::optional<HeldReplica>> ReplicaStore::find(const ReplicaId& replica) {
  std::optional<HeldReplica> bad;
  for (DiskStore* disk : working()) {
    auto held = disk->find(replica);
    if (disk->failed()) continue;
    if (!held.ok()) return held.status();
    if (*held && (*held)->state == HeldState::kWhole) return held;
    if (*held) bad = *held;
  }
  return bad;
}

Result<std::vector<HeldReplica>> ReplicaStore::page(const std::optional<ReplicaId>& after, size_t limit) {
  std::vector<HeldReplica> held;
  for (DiskStore* disk : working()) {
    auto rows = disk->page(after, limit);
    if (disk->failed()) continue;
    if (!rows.ok()) return rows.status();
    for (const IndexRow& row : *rows) held.push_back(row.held);
  }
  return one_page(std::move(held), limit);
}

Result<std::shared_ptr<const OpenReplica>> ReplicaStore::open_replica(const ReplicaId& replica) {
  std::vector<DiskStore*> disks = working();
  DiskStore* disk = disks.size() == 1 ? disks.front() : holder_of(replica);
  if (disk == nullptr) return not_held(disks_.node(), replica);
  auto open = disk->open_replica(replica);
  if (open.status().code() == Code::kDataLoss) tell_of_another(replica);
  return open;
}

// One that has failed, too.
DiskStore* ReplicaStore::opener_of(const OpenReplica& replica) {
  for (const Mounted& disk : mounted_) {
    if (disk.store && disk.store->opened(replica)) return disk.store.get();
  }
  return nullptr;
}

Status ReplicaStore::read(const OpenReplica& replica, uint64_t offset, std::span<char> into) {
  DiskStore* disk = opener_of(replica);
  if (disk == nullptr) return opened_elsewhere(replica);
  Status status = disk->read(replica, offset, into);
  if (status.code() == Code::kDataLoss) tell_of_another(replica.id());
  return status;
}

Result<std::shared_ptr<const OpenReplica>> ReplicaStore::open_fresh(const ReplicaId& replica) {
  DiskStore* disk = holder_of(replica);
  if (disk == nullptr) return not_held(disks_.node(), replica);
  for (DiskStore* other : working()) {
    if (other->verified(replica) < disk->verified(replica)) disk = other;
  }
  auto open = disk->open_fresh(replica);
  if (open.status().code() == Code::kDataLoss) tell_of_another(replica);
  return open;
}

Status ReplicaStore::read_fresh(const OpenReplica& replica, uint64_t offset, std::span<char> into) {
  DiskStore* disk = opener_of(replica);
  if (disk == nullptr) return opened_elsewhere(replica);
  Status status = disk->read_fresh(replica, offset, into);
  if (status.code() == Code::kDataLoss) tell_of_another(replica.id());
  return status;
}

Status ReplicaStore::note_verified(const OpenReplica& replica, const Sha256& sha256, WallTime at) {
  DiskStore* disk = opener_of(replica);
  if (disk == nullptr) return opened_elsewhere(replica);
  return disk->note_verified(replica.id(), sha256, at);
}

Result<std::vector<HeldReplica>> ReplicaStore::page_unhashed(const std::optional<ReplicaId>& after,
                                                             size_t limit) {
  std::vector<HeldReplica> held;
  for (DiskStore* disk : working()) {
    auto rows = disk->page_unhashed(after, limit);
    if (disk->failed()) continue;
    if (!rows.ok()) return rows.status();
    held.insert(held.end(), rows->begin(), rows->end());
  }
  return one_page(std::move(held), limit);
}

Status ReplicaStore::write_sha256_list() {
  Status first;
  for (DiskStore* disk : working()) {
    Status status = disk->write_sha256_list();
    if (first.ok()) first = status;
  }
  return first;
}

Result<LogPosition> ReplicaStore::followed() {
  std::erase_if(behind_, [now = clock_.now()](const auto& disk) { return disk.second <= now; });
  const std::vector<DiskStore*> disks = working();
  if (behind_.size() >= disks.size()) behind_.clear();
  std::optional<LogPosition> least;
  Epoch oldest;
  for (DiskStore* disk : disks) {
    if (behind_.contains(disk)) continue;
    auto position = disk->followed();
    if (disk->failed()) continue;
    if (!position.ok()) return position.status();
    if (!least || position->epoch < oldest) oldest = position->epoch;
    if (!least || *position < *least) least = *position;
  }
  if (!least) return no_disk_works(disks_.node());
  // A log that was set back has gone on with an entry that a disk knows otherwise.
  return least->epoch == oldest ? *least : LogPosition{};
}

Status ReplicaStore::apply(const RecordPage& page) {
  Status first;
  bool asked = false;  // any disk
  for (DiskStore* disk : working()) {
    if (behind_.contains(disk)) continue;  // it lacks what came before
    asked = true;
    std::vector<ReplicaId> bad;
    Status status = disk->apply(page, bad);
    for (const ReplicaId& replica : bad) tell_of_another(replica);
    if (disk->failed()) continue;
    if (!status.ok()) behind_[disk] = clock_.now() + kBehind;
    if (first.ok()) first = status;
  }
  if (first.ok() && working().empty()) return no_disk_works(disks_.node());
  return asked ? first : unavailable("every disk has just failed to take a page of records");
}

bool ReplicaStore::step_trees() {
  bool more = false;
  for (DiskStore* disk : working()) more = disk->core().tree.step() || more;
  return more;
}

bool ReplicaStore::quarantine(const ReplicaId& replica, const Status& why) {
  for (DiskStore* disk : working()) {
    if (!disk->quarantine(replica, why)) continue;
    tell_of_another(replica);
    return true;
  }
  return false;
}

// A bad one was reported; where another disk has it whole, the node holds it whole.
void ReplicaStore::tell_of_another(const ReplicaId& replica) {
  if (shared_.cores.size() < 2) return;
  if (auto again = report_again(replica); !again.ok()) {
    logger_.warning("{} is not looked for on other disks: {}", replica.to_string(), again.status().message());
  }
}

std::vector<Status> ReplicaStore::remove(const std::vector<ReplicaId>& replicas) {
  std::map<ReplicaId, Status> ended;
  for (const ReplicaId& replica : replicas) ended[replica];
  std::vector<Claims::Claim> claims;  // taken in ascending order
  claims.reserve(ended.size());
  for (const auto& [replica, status] : ended) {
    shared_.arrivals.doom(replica);
    claims.push_back(shared_.claims.take(replica));
  }
  for (DiskStore* disk : working()) {
    for (auto& [replica, status] : disk->remove(replicas)) {
      if (ended[replica].ok()) ended[replica] = status;
    }
  }
  for (const auto& [replica, status] : ended) {
    if (status.ok()) shared_.changes.removed(replica);
  }
  std::vector<Status> statuses;
  statuses.reserve(replicas.size());
  for (const ReplicaId& replica : replicas) statuses.push_back(ended[replica]);
  return statuses;
}

Result<bool> ReplicaStore::report_again(const ReplicaId& replica) {
  Claims::Claim claim = shared_.claims.take(replica);
  FSDFS_ASSIGN(auto held, shared_.find_whole(replica));
  if (held) shared_.changes.added(*held);
  return held.has_value();
}

Result<StoreFigures> ReplicaStore::figures() {
  StoreFigures sum;
  sum.arriving = shared_.arrivals.arriving();
  for (const Mounted& disk : mounted_) {
    DiskFigures& figures = sum.disks.emplace_back();
    figures.path = disk.slot->path;
    figures.quota = disk.quota;
    if (!disk.slot->directory) {
      figures.failed = disk.slot->refused.message();
      continue;
    }
    Status status = disk.store ? disk.store->fill(figures, sum.disk) : Status();
    if (disk.slot->directory->health().failed()) {
      figures = {};
      figures.path = disk.slot->path;
      figures.quota = disk.quota;
      figures.failed = disk.slot->directory->health().reason();
      continue;
    }
    FSDFS_TRY(status);
    sum.quota += figures.quota;
    sum.capacity += figures.capacity;
    sum.used += figures.used;
    sum.held += figures.held;
    sum.spare += figures.spare;
    sum.spare_on_disk += figures.spare_on_disk;
    sum.free_on_disk += figures.free_on_disk;
    sum.replicas += figures.replicas;
  }
  return sum;
}

}  // namespace fsdfs::node
