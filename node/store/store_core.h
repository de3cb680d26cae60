// StoreCore: what the store of one disk, its arrivals and its recovery share; StoreShared: what the stores of
// a node's disks share. Internal to node/store.
//
// Constant after construction but for the members, each of which is thread-safe by itself. Lock order: none
// is taken while another is held, but those of the index and the directory records while the tree's is; a
// claim (claims.h) comes before all of them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "common/clock.h"
#include "common/io/disk.h"
#include "common/log.h"
#include "node/store/change_log.h"
#include "node/store/claims.h"
#include "node/store/data_directory.h"
#include "node/store/directory_records.h"
#include "node/store/disk_meter.h"
#include "node/store/index.h"
#include "node/store/layout.h"
#include "node/store/open_replica.h"
#include "node/store/quota.h"
#include "node/store/shelf.h"
#include "node/store/tree.h"

namespace fsdfs::node {

struct DiskSettings {
  uint64_t quota = 0;                          // bytes of content
  uint64_t free_floor = 256ULL * 1024 * 1024;  // bytes of the filesystem that stay free
  size_t open_replicas_max = 128;              // kept open for the next read
  size_t open_sums_max = 8ULL * 1024 * 1024;   // block sums (8 bytes each) of those
  Shelf::Limits shelf = {};
  bool tree = false;  // files at their real paths (tree.h)
};

struct StoreCore;

// Of a node, whatever its disks: the master knows the node only.
struct StoreShared {
  ChangeLog changes;
  Claims claims;
  ArrivalRegister arrivals;
  std::vector<StoreCore*> cores;  // of the disks that opened; constant while there are arrivals

  // On any disk that works. Call it with the replica's claim.
  Result<std::optional<HeldReplica>> find_whole(const ReplicaId& replica) const;
  // A whole one has come: bad ones in quarantine, on any disk, are needed no more.
  void drop_quarantined(const ReplicaId& replica) const;
};

inline constexpr uint32_t kReplicaMode = 0640;
inline constexpr uint32_t kReplicaDirectoryMode = 0750;
inline constexpr uint64_t kSidecarBytesMax = 1ULL << 30;  // the sums of 8 TiB

struct StoreCore {
  StoreCore(const DiskSettings& with, DataDirectory& owner, const NodeId& whose, StoreShared& of_node,
            const Clock& time, Logger& log, std::unique_ptr<Index> opened,
            std::unique_ptr<DirectoryRecords> records)
      : settings(with),
        directory(owner),
        layout(owner.layout()),
        disk(owner.disk()),
        health(owner.health()),
        node(whose),
        shared(of_node),
        clock(time),
        logger(log),
        index(std::move(opened)),
        directories(std::move(records)),
        quota(to_string(whose), with.quota),
        cache(with.open_replicas_max, with.open_sums_max),
        tree(*this, with.tree),
        shelf(with.shelf, time) {}

  const DiskSettings settings;
  DataDirectory& directory;
  const Layout& layout;
  Disk& disk;
  DiskHealth& health;
  const NodeId node;
  StoreShared& shared;
  const Clock& clock;
  Logger& logger;
  const std::unique_ptr<Index> index;
  const std::unique_ptr<DirectoryRecords> directories;
  QuotaLedger quota;
  OpenReplicaCache cache;
  DiskMeter meter;
  std::atomic<uint64_t> stage_counter{0};
  std::atomic<uint64_t> staged{0};    // bytes that arrivals have written; a part of quota.reserved()
  std::atomic<uint64_t> replicas{0};  // rows of the index: whole and quarantined

  Tree tree;
  Shelf shelf;  // after all that its arrivals use when they end

  // Makes the directory and those above it, durably; those made once are remembered.
  Status ensure_directory(const std::string& path);
  // Ok also when it was not there.
  Status unlink_if_there(const std::string& path);
  void drop_quarantined(const ReplicaId& replica);
  // Fails the disk when the directory is not there any more: it is no longer mounted.
  Status check_present();
  // Bytes of the filesystem above the floor that are not promised to arrivals.
  Result<uint64_t> unpromised();
  // kNoSpace when `bytes` more, beside what is promised to arrivals and not written yet, would leave less
  // than the floor in the filesystem.
  Status check_floor(uint64_t bytes);
  // `take` again and again, while there is no room for it and something shelved can be given up.
  Status make_room(const std::function<Status()>& take);
  Result<Description> read_sidecar(const std::string& path);
  // A replica of `bytes` is not held any more.
  void count_out(uint64_t bytes) {
    quota.remove_held(bytes);
    replicas.fetch_sub(1);
  }

 private:
  std::mutex directories_mutex_;
  std::unordered_set<std::string> directories_;  // guarded by directories_mutex_: known to be there, durably
};

}  // namespace fsdfs::node
