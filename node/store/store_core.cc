#include "node/store/store_core.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/io/files.h"
#include "common/units.h"
#include "node/store/sidecar.h"

namespace fsdfs::node {

Status StoreCore::ensure_directory(const std::string& path) {
  {
    std::lock_guard lock(directories_mutex_);
    if (directories_.contains(path)) return {};
  }
  FSDFS_TRY(make_directories(disk, path, kReplicaDirectoryMode));
  std::lock_guard lock(directories_mutex_);
  directories_.insert(path);
  return {};
}

Status StoreCore::unlink_if_there(const std::string& path) {
  Status status = disk.unlink(path);
  if (status.code() == Code::kNotFound) return {};
  return status;
}

Status StoreCore::check_floor(uint64_t bytes) {
  FSDFS_ASSIGN(DiskSpace space, disk.space(layout.root()));
  uint64_t floor = settings.free_floor;
  uint64_t reserved = quota.reserved();
  uint64_t promised = reserved - std::min(reserved, staged.load());
  uint64_t above_floor = space.free_bytes - std::min(space.free_bytes, floor);
  if (above_floor >= promised && above_floor - promised >= bytes) return {};
  return no_space(
      fmt::format("no space: the filesystem of node {} at {} has {} free, of which {} stay free "
                  "(node.free_floor) and {} are promised, and {} more are needed",
                  to_string(directory.node()), layout.root(), format_size(space.free_bytes),
                  format_size(floor), format_size(promised), format_size(bytes)));
}

Status StoreCore::make_room(const std::function<Status()>& take) {
  Status status = take();
  while (status.reason() == Reason::kNoSpace && shelf.drop_oldest()) status = take();
  return status;
}

Result<Description> StoreCore::read_sidecar(const std::string& path) {
  FSDFS_ASSIGN(std::string bytes, read_whole_file(disk, path, kSidecarBytesMax));
  auto description = decode_sidecar(bytes);
  if (!description.ok()) return description.status().with_context(path);
  return description;
}

}  // namespace fsdfs::node
