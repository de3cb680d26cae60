// PosixDisk: Disk over the host's filesystem calls. No state of its own; thread-safe.
// Descriptors are close-on-exec. EINTR and short transfers go on until done. O_NOFOLLOW on the last part of a
// path: the store never has a symlink there, so one is an attack or a mistake.
#pragma once

#include <memory>
#include <string>

#include "common/io/disk.h"

namespace fsdfs {

class PosixDisk final : public Disk {
 public:
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
};

}  // namespace fsdfs
