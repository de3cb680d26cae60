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
  uint64_t quota = 0;         // bytes
  uint64_t used = 0;          // bytes: in place, quarantined, reserved
  uint64_t held = 0;          // of these: in place and quarantined
  uint64_t free_on_disk = 0;  // bytes of the filesystem above the floor
  uint64_t replicas = 0;      // whole and quarantined
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

  Result<std::optional<HeldReplica>> find(const ReplicaId& replica);
  // Up to `limit` in key order after `after`.
  Result<std::vector<HeldReplica>> page(const std::optional<ReplicaId>& after, size_t limit);

  // kNotFound: not held. kDataLoss: held, but bad.
  Result<std::shared_ptr<const OpenReplica>> open_replica(const ReplicaId& replica);
  // As OpenReplica::read; a replica that turns out bad is quarantined before this returns.
  Status read(const OpenReplica& replica, uint64_t offset, std::span<char> into);

  // Sets a bad replica aside and reports it; one whose file is gone is forgotten and reported as removed.
  // False: it was not held whole any more, and is left alone.
  bool quarantine(const ReplicaId& replica, const Status& why);

  // Deletes, by the master's order only (invariant 3 is checked by the caller); for each its Status. What is
  // not held is reported as removed likewise. Arrivals under way of the same replicas come to nothing.
  std::vector<Status> remove(const std::vector<ReplicaId>& replicas);

  // Reports what is held once more, for an order to copy it.
  Result<bool> report_again(const ReplicaId& replica);

  // --- for the scrubber (node/scrub) ---
  // As open_replica, but from the disk itself, and not kept open for others. kDataLoss also for one whose
  // file is gone.
  Result<std::shared_ptr<const OpenReplica>> open_fresh(const ReplicaId& replica);
  // As read, but from the disk itself, and not a part of the load figures.
  Status read_fresh(const OpenReplica& replica, uint64_t offset, std::span<char> into);
  // All its bytes were right at `at`, and have this SHA-256. Nothing where it is not held whole any more.
  Status note_verified(const ReplicaId& replica, const Sha256& sha256, WallTime at);
  // Whole ones whose SHA-256 is not known yet: ids and sizes, up to `limit` in key order after `after`.
  Result<std::vector<HeldReplica>> page_unhashed(const std::optional<ReplicaId>& after, size_t limit);
  // DATA/SHA256SUMS of every whole replica whose SHA-256 is known, replaced atomically.
  Status write_sha256_list();

  ChangeLog& changes() { return core_->changes; }
  Result<StoreFigures> figures();

 private:
  explicit ReplicaStore(std::unique_ptr<StoreCore> core) : core_(std::move(core)) {}
  Result<std::shared_ptr<const OpenReplica>> open_on_disk(const ReplicaId& replica, bool& bad);
  Status repair_row(const Description& description);
  Status set_aside(const IndexRow& row);
  void forget_missing(const IndexRow& row);

  const std::unique_ptr<StoreCore> core_;
};

}  // namespace fsdfs::node
