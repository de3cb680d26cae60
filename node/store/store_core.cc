#include "node/store/store_core.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/io/files.h"
#include "common/units.h"
#include "node/store/sidecar.h"

namespace fsdfs::node {

Result<std::optional<HeldReplica>> StoreShared::find_whole(const ReplicaId& replica) const {
  for (StoreCore* core : cores) {
    if (core->health.failed()) continue;
    auto row = core->index->find(replica);
    if (core->health.failed()) continue;
    if (!row.ok()) return row.status();
    if (*row && (*row)->held.state == HeldState::kWhole) return std::optional((*row)->held);
  }
  return std::optional<HeldReplica>();
}

void StoreShared::drop_quarantined(const ReplicaId& replica) const {
  for (StoreCore* core : cores) {
    if (!core->health.failed()) core->drop_quarantined(replica);
  }
}

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

void StoreCore::drop_quarantined(const ReplicaId& replica) {
  auto row = index->find(replica);
  if (!row.ok() || !*row || (*row)->held.state != HeldState::kQuarantined) return;
  if (!index->remove(replica).ok()) return;
  // A file that stays is found, and counted, by the next start that looks at every replica.
  (void)unlink_if_there(layout.quarantined_data(replica));
  (void)unlink_if_there(layout.quarantined_meta(replica));
  count_out((*row)->held.content.size);
}

Status StoreCore::check_present() {
  if (disk.stat(layout.identity()).status().code() != Code::kNotFound) return {};
  health.fail(not_found(layout.identity() + " is gone: is the disk still mounted?"));
  return health.status();
}

Result<uint64_t> StoreCore::unpromised() {
  auto space = disk.space(layout.root());
  if (space.status().code() == Code::kNotFound) FSDFS_TRY(check_present());
  if (!space.ok()) return space.status();
  uint64_t reserved = quota.reserved();
  uint64_t kept = settings.free_floor + reserved - std::min(reserved, staged.load());
  return space->free_bytes - std::min(space->free_bytes, kept);
}

Status StoreCore::check_floor(uint64_t bytes) {
  FSDFS_ASSIGN(uint64_t free, unpromised());
  if (free >= bytes) return {};
  return no_space(
      fmt::format("no space: the filesystem of node {} at {} has {} free beyond the {} that stay free "
                  "(node.free_floor) and what is promised, and {} more are needed",
                  to_string(node), layout.root(), format_size(free), format_size(settings.free_floor),
                  format_size(bytes)));
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
