// DiskStore: the replicas on one data disk. Internal to node/store: ReplicaStore (store.h) joins those of a
// node's disks and is what the rest of the node sees.
//
// Thread-safe; outlives its arrivals. What the node has once, whatever its disks (changes, claims, arrivals
// under way), is StoreShared; who calls remove holds the claims. Crash: as store.h says.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "node/store/adoption.h"
#include "node/store/store_core.h"

namespace fsdfs::node {

struct DiskFigures {
  std::string path;
  uint64_t quota = 0;          // bytes, as it was set, also of a failed disk
  uint64_t capacity = 0;       // bytes: as much of the quota as the filesystem can hold, with what is used
  uint64_t used = 0;           // bytes: in place, quarantined, reserved
  uint64_t held = 0;           // of these: in place and quarantined
  uint64_t spare = 0;          // of these, too: what is given up as soon as the room is needed (shelf.h)
  uint64_t spare_on_disk = 0;  // bytes: of the spare ones, written already
  uint64_t free_on_disk = 0;   // bytes of the filesystem above the floor
  uint64_t replicas = 0;       // whole and quarantined
  std::string failed;          // why it is not used; empty: it is
};

class DiskStore {
 public:
  static Result<std::unique_ptr<DiskStore>> open(const DiskSettings& settings, DataDirectory& directory,
                                                 const NodeId& node, StoreShared& shared, const Clock& clock,
                                                 Logger& logger);
  ~DiskStore();
  DiskStore(const DiskStore&) = delete;
  DiskStore& operator=(const DiskStore&) = delete;

  Status close();

  bool failed() const { return core_->health.failed(); }
  // Bytes that an arrival would find: in the quota and in the filesystem above the floor.
  uint64_t room();
  // What the disk says now; adds to `meter`, even if it says nothing any more. Gives up what has been shelved
  // for too long.
  Status fill(DiskFigures& figures, DiskMeter::Figures& meter);
  Result<std::unique_ptr<Arrival>> begin_arrival(const ReplicaId& replica, uint64_t size);
  // As of ReplicaStore, for what began here.
  bool began(const Arrival& arrival) const;
  void shelve(Shelved shelved) { core_->shelf.put(std::move(shelved)); }
  std::optional<Shelved> resume(const ReplicaId& replica, const Content& content) {
    return core_->shelf.take(replica, content);
  }
  // As ReplicaStore::adopt and describe.
  bool shares_device(uint64_t device) const;
  Result<Adopted> adopt(const ReplicaId& replica, const LocalFile& file, bool moving, const Origin& origin,
                        const AdoptionProgress& progress);
  Result<Description> describe(const ReplicaId& replica);

  Result<std::optional<HeldReplica>> find(const ReplicaId& replica);
  Result<std::vector<IndexRow>> page(const std::optional<ReplicaId>& after, size_t limit);
  Result<std::shared_ptr<const OpenReplica>> open_replica(const ReplicaId& replica);
  Status read(const OpenReplica& replica, uint64_t offset, std::span<char> into);
  bool opened(const OpenReplica& replica) const;  // it is this disk's
  // True: it was held whole, and is set aside and reported.
  bool quarantine(const ReplicaId& replica, const Status& why);
  // As of ReplicaStore, for the scrubber.
  Result<std::shared_ptr<const OpenReplica>> open_fresh(const ReplicaId& replica);
  Status read_fresh(const OpenReplica& replica, uint64_t offset, std::span<char> into);
  Status note_verified(const ReplicaId& replica, const Sha256& sha256, WallTime at);
  WallTime verified(const ReplicaId& replica);  // the last time; the end of time: it is not held whole
  Result<std::vector<HeldReplica>> page_unhashed(const std::optional<ReplicaId>& after, size_t limit);
  Status write_sha256_list();
  // As of ReplicaStore, for the master's records.
  Result<LogPosition> followed();
  Status apply(const RecordPage& page, std::vector<ReplicaId>& bad);  // adds those that were quarantined
  // For each how it ended; what is not held here is fine. The caller has the claims and reports.
  std::map<ReplicaId, Status> remove(const std::vector<ReplicaId>& replicas);

  StoreCore& core() { return *core_; }

 private:
  using Paths = std::map<InodeId, std::string>;

  explicit DiskStore(std::unique_ptr<StoreCore> core) : core_(std::move(core)) {}
  Result<Paths> paths_of(const std::vector<DirectoryRecord>& directories);
  Status move_directories(const Paths& before);
  Status forget_gone(const std::vector<InodeId>& gone);
  Result<std::shared_ptr<const OpenReplica>> open_on_disk(const ReplicaId& replica, bool& bad);
  Status repair_row(const Description& description);
  Status set_aside(const IndexRow& row);
  void forget_missing(const IndexRow& row);

  const std::unique_ptr<StoreCore> core_;
};

}  // namespace fsdfs::node
