// GuardedDisk: a node's data disk that is given up at its first failure.
//
// Passes every call on to the disk below. A change that ends in EIO or on a read-only filesystem, or a sync
// (of a file or a directory) that fails, fails the disk's health; that call and all that come are refused
// with the reason (kUnavailable: the node's trouble, not the caller's), so that no retry can turn into a
// success. Only removals are still tried: what never counted is better gone. What is open for reading stays
// readable: its readers check every block. A failing read concerns one replica and is not judged here;
// neither are a full disk, a name that is missing or taken, or a lack of descriptors. Thread-safe as the disk
// below; constant after construction.
#pragma once

#include <memory>

#include "common/io/disk.h"
#include "node/store/disk_health.h"

namespace fsdfs::node {

class GuardedDisk final : public Disk {
 public:
  // The disk below outlives this and its files. The health is shared with the files.
  GuardedDisk(Disk& base, std::shared_ptr<DiskHealth> health) : base_(base), health_(std::move(health)) {}

  Result<std::unique_ptr<DiskFile>> open(const std::string& path, Access access) override;
  Result<std::unique_ptr<DiskFile>> create(const std::string& path, uint32_t mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status link(const std::string& from, const std::string& to) override;
  Status unlink(const std::string& path) override;
  Status make_directory(const std::string& path, uint32_t mode) override;
  Status remove_directory(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Status list(const std::string& path, const std::function<bool(const DirectoryEntry&)>& visit) override;
  Result<FileStat> stat(const std::string& path) override;
  Result<DiskSpace> space(const std::string& path) override;
  Result<std::unique_ptr<DiskLock>> lock(const std::string& path) override;

 private:
  Disk& base_;
  const std::shared_ptr<DiskHealth> health_;
};

}  // namespace fsdfs::node
