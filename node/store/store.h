// ReplicaStore: the replicas of one data directory. Who arrives, is read, is found bad, or goes, does so
// here.
//
// Used by the data service, the puller and the link. Thread-safe; the store outlives its arrivals.
// Invariants: 1 and 6 (arrival.h), 5 (every block that read() gives was checked against its sum; a replica
// that fails is quarantined at once and not served again), 7 (quota.h), 11 (nothing is deleted but by
// remove()). Crash: what was reported as held is found again by the next open(); stages are swept; an index
// that was not closed is reconciled with the directory, so that open() then takes time in proportion to the
// replicas.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "node/store/arrival.h"
#include "node/store/store_core.h"

namespace fsdfs::node {

enum class ArrivalKind {
  kWrite,  // of a session: refused once the replica's deletion was ordered
  kCopy,   // a pull that the master ordered
};

struct StoreFigures {
  uint64_t quota = 0;          // bytes
  uint64_t used = 0;           // bytes: in place, quarantined, reserved
  uint64_t spare = 0;          // bytes: of these, what is given up as soon as the room is needed (shelf.h)
  uint64_t spare_on_disk = 0;  // bytes: of these, written already
  uint64_t free_on_disk = 0;   // bytes of the filesystem above the floor
  uint64_t replicas = 0;       // whole and quarantined
  size_t arriving = 0;
  DiskMeter::Figures disk;
};

class ReplicaStore {
 public:
  // The directory, disk, clock and logger outlive the store.
  static Result<std::unique_ptr<ReplicaStore>> open(const StoreSettings& settings, DataDirectory& directory,
                                                    Disk& disk, const Clock& clock, Logger& logger);
  ~ReplicaStore();  // as after a crash, unless close() was called
  ReplicaStore(const ReplicaStore&) = delete;
  ReplicaStore& operator=(const ReplicaStore&) = delete;

  // A clean stop: the next open() need not look at the replicas. No other call may follow or be under way.
  Status close();

  // kNoSpace: over the quota or the floor, naming the node. kAborted: see ArrivalKind.
  Result<std::unique_ptr<Arrival>> begin_arrival(const ReplicaId& replica, uint64_t size, ArrivalKind kind);

  // Keeps what has come of a copy that broke off; resume() gives it back (see shelf.h).
  void shelve(Shelved shelved);
  std::optional<Shelved> resume(const ReplicaId& replica, const Content& content);

  Result<std::optional<HeldReplica>> find(const ReplicaId& replica);
  // Up to `limit` in key order after `after`.
  Result<std::vector<HeldReplica>> page(const std::optional<ReplicaId>& after, size_t limit);

  // kNotFound: not held. kDataLoss: held, but bad.
  Result<std::shared_ptr<const OpenReplica>> open_replica(const ReplicaId& replica);
  // The newest whole replica of another version of its inode, whose blocks may be this one's too; null: there
  // is none.
  Result<std::shared_ptr<const OpenReplica>> other_version(const ReplicaId& replica);
  // As OpenReplica::read; a replica that turns out bad is quarantined before this returns.
  Status read(const OpenReplica& replica, uint64_t offset, std::span<char> into);

  // Sets a bad replica aside and reports it. A replica that is not held whole is left alone.
  void quarantine(const ReplicaId& replica, const Status& why);

  // Deletes, by the master's order only (invariant 3 is checked by the caller); for each its Status. What is
  // not held is reported as removed likewise. Arrivals under way of the same replicas come to nothing.
  std::vector<Status> remove(const std::vector<ReplicaId>& replicas);

  // Reports what is held once more, for an order to copy it.
  Result<bool> report_again(const ReplicaId& replica);

  ChangeLog& changes() { return core_->changes; }
  // Also gives up what has been shelved for too long: this is asked at every report.
  Result<StoreFigures> figures();

 private:
  explicit ReplicaStore(std::unique_ptr<StoreCore> core) : core_(std::move(core)) {}
  Status repair_row(const Description& description);
  Status set_aside(const IndexRow& row);
  void forget_missing(const IndexRow& row);

  const std::unique_ptr<StoreCore> core_;
};

}  // namespace fsdfs::node
