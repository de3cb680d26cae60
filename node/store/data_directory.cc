#include "node/store/data_directory.h"

#include <fmt/format.h>

#include "common/io/files.h"

namespace fsdfs::node {
namespace {

constexpr uint64_t kIdentityBytesMax = 1 << 20;
constexpr uint32_t kFileMode = 0640;
constexpr uint32_t kDirectoryMode = 0750;

// Whether the directory holds what only a node with an identity can have left there.
Result<bool> holds_replicas(Disk& disk, const Layout& layout) {
  for (const std::string& path : {layout.replicas(), layout.quarantine(), layout.index()}) {
    auto stat = disk.stat(path);
    if (stat.ok()) return true;
    if (stat.status().code() != Code::kNotFound) return stat.status();
  }
  return false;
}

// One that names no node: nobody has used the directory yet.
Result<Identity> read_identity(Disk& disk, const Layout& layout) {
  auto text = read_whole_file(disk, layout.identity(), kIdentityBytesMax);
  if (text.ok()) {
    auto identity = decode_identity(*text);
    if (identity.ok()) return identity;
    return identity.status().with_context(fmt::format(
        "the identity file {} is damaged; restore it from a backup, or set the directory aside and let the "
        "node start with an empty one",
        layout.identity()));
  }
  if (text.status().code() != Code::kNotFound) return text.status();
  FSDFS_ASSIGN(bool strange, holds_replicas(disk, layout));
  if (!strange) return Identity{};
  return failed_precondition(
      fmt::format(
          "data directory {} holds replicas but no fsdfs-identity, so it is not known whose they are; "
          "restore that file, or choose an empty directory",
          layout.root()),
      Reason::kWrongIdentity);
}

}  // namespace

DataDirectory::DataDirectory(Disk& disk, std::shared_ptr<DiskHealth> health, Layout layout,
                             std::unique_ptr<DiskLock> lock, Identity identity)
    : health_(std::move(health)),
      disk_(disk, health_),
      layout_(std::move(layout)),
      lock_(std::move(lock)),
      identity_(std::move(identity)) {}

Result<std::unique_ptr<DataDirectory>> DataDirectory::lock(Disk& disk, const std::string& path,
                                                           Logger& logger) {
  Layout layout(path);
  FSDFS_TRY(make_directories(disk, path, kDirectoryMode));
  auto lock = disk.lock(layout.lock());
  if (!lock.ok()) {
    bool taken =
        lock.status().code() == Code::kFailedPrecondition && lock.status().reason() != Reason::kReadOnly;
    if (!taken) return lock.status();
    return failed_precondition(
        fmt::format("data directory {} is in use by another process; stop that one, or give this one a "
                    "directory of its own",
                    path));
  }
  FSDFS_ASSIGN(Identity identity, read_identity(disk, layout));
  return std::unique_ptr<DataDirectory>(new DataDirectory(disk, std::make_shared<DiskHealth>(path, logger),
                                                          std::move(layout), std::move(*lock),
                                                          std::move(identity)));
}

Identity DataDirectory::identity() const {
  std::lock_guard lock(mutex_);
  return identity_;
}

Status DataDirectory::claim(const Identity& identity) {
  // All below it will be the tree's, and what the tree does not know of would go.
  const bool fresh = !disk_.stat(layout_.identity()).ok();
  if (fresh && disk_.stat(layout_.tree()).ok()) {
    return failed_precondition(layout_.tree() +
                               " is there already, and a node keeps a directory of its own "
                               "under that name: move it away, or give the node another --data");
  }
  FSDFS_TRY(replace(identity));
  for (const std::string& directory : {layout_.replicas(), layout_.stage(), layout_.quarantine()}) {
    FSDFS_TRY(make_directories(disk_, directory, kDirectoryMode));
  }
  return {};
}

Status DataDirectory::replace(const Identity& identity) {
  FSDFS_TRY(write_file_atomically(disk_, layout_.identity(), encode_identity(identity), kFileMode));
  std::lock_guard lock(mutex_);
  identity_ = identity;
  return {};
}

}  // namespace fsdfs::node
