// ReplicaStore: the replicas of a node, on its one disk or its several. Who arrives, is read, is found bad,
// or goes, does so here.
//
// Used by the data service, the puller and the link. Thread-safe; the store outlives its arrivals.
// Invariants: 1 and 6 (arrival.h), 5 (every block that read() gives was checked against its sum; a replica
// that fails is quarantined at once and not served again), 7 (quota.h), 11 (nothing is deleted but by
// remove()). Crash: what was reported as held is found again by the next open(); stages are swept; an index
// that was not closed is reconciled with the directory, so that open() then takes time in proportion to the
// replicas.
//
// Disks: an arrival goes to the disk that has the replica already, else to the one with the most room. A disk
// that fails (disk_health.h) takes its replicas and its quota with it at once, and the change log asks for a
// new inventory; the others go on. A disk that comes back with a later start brings its replicas back; one
// that another disk has meanwhile too is held once, and its bytes are counted on both until it is removed.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "node/store/disk_store.h"
#include "node/store/node_disks.h"

namespace fsdfs::node {

enum class ArrivalKind {
  kWrite,  // of a session: refused once the replica's deletion was ordered
  kCopy,   // a pull that the master ordered
};

struct StoreSettings {
  std::vector<uint64_t> quotas;                // bytes of content, of each disk in the order of NodeDisks
  uint64_t free_floor = 256ULL * 1024 * 1024;  // bytes of each filesystem that stay free
  size_t open_replicas_max = 128;              // kept open for the next read, of each disk
  size_t open_sums_max = 8ULL * 1024 * 1024;   // block sums (8 bytes each) of those
  Shelf::Limits shelf = {};                    // of each disk
  bool tree = false;                           // on each disk, files at their real paths (tree.h)
};

// Sums over the disks that work, and each disk in the order of NodeDisks.
struct StoreFigures {
  uint64_t quota = 0;          // bytes
  uint64_t capacity = 0;       // bytes: as much of the quota as the filesystems can hold, with what is used
  uint64_t used = 0;           // bytes: in place, quarantined, reserved
  uint64_t held = 0;           // of these: in place and quarantined
  uint64_t spare = 0;          // of these, too: what is given up as soon as the room is needed (shelf.h)
  uint64_t spare_on_disk = 0;  // bytes: of the spare ones, written already
  uint64_t free_on_disk = 0;   // bytes of the filesystem above the floor
  uint64_t replicas = 0;       // whole and quarantined
  size_t arriving = 0;
  DiskMeter::Figures disk;
  std::vector<DiskFigures> disks;
};

class ReplicaStore {
 public:
  // The disks, clock and logger outlive the store. A disk that cannot be opened has failed; the error is of
  // the first one when none can. kInvalidArgument: not a quota for each disk.
  static Result<std::unique_ptr<ReplicaStore>> open(const StoreSettings& settings, NodeDisks& disks,
                                                    const Clock& clock, Logger& logger);
  ~ReplicaStore();  // as after a crash, unless close() was called
  ReplicaStore(const ReplicaStore&) = delete;
  ReplicaStore& operator=(const ReplicaStore&) = delete;

  // A clean stop: the next open() need not look at the replicas. No other call may follow or be under way.
  Status close();

  // kNoSpace: over the quota or the floor, naming the node. kAborted: see ArrivalKind. kUnavailable: every
  // disk has failed.
  Result<std::unique_ptr<Arrival>> begin_arrival(const ReplicaId& replica, uint64_t size, ArrivalKind kind);

  // A file of this machine becomes the replica (adoption.h), with all that Arrival::finish() guarantees.
  // `moving`: its own name goes afterwards. kNoSpace: over the quota. kAborted: it changed meanwhile, or the
  // session has ended. kInvalidArgument: no regular file, or one of the store's own.
  Result<Adopted> adopt(const ReplicaId& replica, const LocalFile& file, bool moving, const Origin& origin,
                        const AdoptionProgress& progress);
  // What the replica says of itself, a quarantined one too. kNotFound: not held, or its sidecar is lost.
  Result<Description> describe(const ReplicaId& replica);

  // Keeps what has come of a copy that broke off; resume() gives it back (see shelf.h).
  void shelve(Shelved shelved);
  std::optional<Shelved> resume(const ReplicaId& replica, const Content& content);

  Result<std::optional<HeldReplica>> find(const ReplicaId& replica);
  // Up to `limit` in key order after `after`; fewer: there are no more.
  Result<std::vector<HeldReplica>> page(const std::optional<ReplicaId>& after, size_t limit);

  // kNotFound: not held. kDataLoss: held, but bad.
  Result<std::shared_ptr<const OpenReplica>> open_replica(const ReplicaId& replica);
  // The newest whole replica of another version of its inode, whose blocks may be this one's too; null: there
  // is none.
  Result<std::shared_ptr<const OpenReplica>> other_version(const ReplicaId& replica);
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
  // As open_replica, but from the disk itself, and not kept open for others; where several disks have it
  // whole, of the one that was checked longest ago. kDataLoss also for one whose file is gone.
  Result<std::shared_ptr<const OpenReplica>> open_fresh(const ReplicaId& replica);
  // As read, but from the disk itself, and not a part of the load figures.
  Status read_fresh(const OpenReplica& replica, uint64_t offset, std::span<char> into);
  // All its bytes were right at `at`, and have this SHA-256. Nothing where it is not held whole any more.
  Status note_verified(const OpenReplica& replica, const Sha256& sha256, WallTime at);
  // Whole ones whose SHA-256 is not known yet: ids and sizes, up to `limit` in key order after `after`.
  Result<std::vector<HeldReplica>> page_unhashed(const std::optional<ReplicaId>& after, size_t limit);
  // On each disk, DATA/SHA256SUMS of every whole replica there whose SHA-256 is known, replaced atomically.
  // Its paths are as seen from DATA/tree, where that is on, else from DATA.
  Status write_sha256_list();

  // --- for the master's records (node/link/record_follower.h) ---
  // Up to where in the master's log every working disk is; none: they have to be told everything. A disk that
  // has just failed to apply a page is left out for kBehind, here and of apply(), so that the others go on;
  // not to be asked amid a present state, which a disk needs from its first page on. With apply(), for one
  // thread.
  Result<LogPosition> followed();
  // Brings the sidecars of current replicas and the records of directories to what the page says, on every
  // working disk; durable when ok. A page of the log sets the position, which is forgotten with any other end
  // than a clean one. After an error some of it may have been done: the same page can be applied again. A
  // replica whose sidecar is bad is quarantined. kNoSpace: a disk is full.
  Status apply(const RecordPage& page);
  // Does a portion of what is left to be done for the disks' trees. False: there is nothing to do for now.
  bool step_trees();

  ChangeLog& changes() { return shared_.changes; }
  // Also gives up what has been shelved for too long: this is asked at every report.
  Result<StoreFigures> figures();

 private:
  struct Mounted {
    const NodeDisks::Slot* slot = nullptr;
    uint64_t quota = 0;
    std::unique_ptr<DiskStore> store;  // null: it was refused, or failed at the start
  };

  ReplicaStore(NodeDisks& disks, const Clock& clock, Logger& logger)
      : disks_(disks), clock_(clock), logger_(logger) {}
  Status open_disk(Mounted& disk, const DiskSettings& settings);
  std::vector<DiskStore*> working() const;
  DiskStore* holder_of(const ReplicaId& replica);
  DiskStore* opener_of(const OpenReplica& replica);
  std::vector<DiskStore*> by_preference(const ReplicaId& replica);
  void tell_of_another(const ReplicaId& replica);

  NodeDisks& disks_;
  const Clock& clock_;
  static constexpr Duration kBehind = std::chrono::minutes(1);
  std::map<const DiskStore*, MonotonicTime> behind_;  // disks that failed to apply a page, and until when
  Logger& logger_;
  StoreShared shared_;
  std::vector<Mounted> mounted_;  // constant once open
};

}  // namespace fsdfs::node
