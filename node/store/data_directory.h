// DataDirectory: one data disk of a node: the lock against a second process, the identity file (identity.h),
// and the disk as the store uses it, which is given up at its first failure (guarded_disk.h).
//
// Made and owned by NodeDisks, which decides whose it is; the stores work in it. Thread safety: the getters
// from any thread; claim and replace from one thread at a time. Crash: the identity file is replaced
// atomically and synced before a call returns ok; after an error nothing has changed.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "common/io/disk.h"
#include "common/log.h"
#include "common/status.h"
#include "node/store/disk_health.h"
#include "node/store/guarded_disk.h"
#include "node/store/identity.h"
#include "node/store/layout.h"

namespace fsdfs::node {

class DataDirectory {
 public:
  // Makes the directory if it is missing, takes its lock and reads its identity file. kFailedPrecondition: in
  // use by another process, or, with Reason::kWrongIdentity, it holds replicas and no identity. kDataLoss:
  // the identity file is damaged.
  static Result<std::unique_ptr<DataDirectory>> lock(Disk& disk, const std::string& path, Logger& logger);

  const Layout& layout() const { return layout_; }
  Disk& disk() { return disk_; }
  DiskHealth& health() const { return *health_; }
  Identity identity() const;
  NodeId node() const { return identity().node; }
  bool is_empty() const { return identity().node.none(); }  // nobody has used it yet

  // From now on it belongs to this node. Makes what is missing in it.
  Status claim(const Identity& identity);
  Status replace(const Identity& identity);

 private:
  DataDirectory(Disk& disk, std::shared_ptr<DiskHealth> health, Layout layout, std::unique_ptr<DiskLock> lock,
                Identity identity);

  const std::shared_ptr<DiskHealth> health_;  // shared with the disk's open files
  GuardedDisk disk_;
  const Layout layout_;
  const std::unique_ptr<DiskLock> lock_;
  mutable std::mutex mutex_;
  Identity identity_;  // guarded by mutex_; as it is in the file
};

}  // namespace fsdfs::node
