// What the store of a disk does for the scrubber alone.
#include <fmt/format.h>

#include "common/io/files.h"
#include "node/store/disk_store.h"

namespace fsdfs::node {
namespace {

constexpr size_t kListPage = 4096;           // rows
constexpr size_t kListBuffer = 1024 * 1024;  // bytes

// As sha256sum(1) writes a name: with escapes, which a backslash at the start of the line announces.
std::string sum_line(const Sha256& sum, const std::string& path) {
  std::string escaped;
  for (char c : path) {
    if (c == '\\') {
      escaped += "\\\\";
    } else if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\r') {
      escaped += "\\r";
    } else {
      escaped += c;
    }
  }
  return fmt::format("{}{}  {}\n", escaped == path ? "" : "\\", sum.to_string(), escaped);
}

// Where there is a tree, paths are as seen from there.
std::string list_line(StoreCore& core, const IndexRow& row) {
  std::string path = core.layout.data(row.held.replica).substr(core.layout.root().size() + 1);
  if (!core.tree.on()) return sum_line(*row.sha256, path);
  auto shown = core.tree.shown(row);
  return sum_line(*row.sha256, shown ? *shown : "../" + path);
}

Status write_list(StoreCore& core, DiskFile& file) {
  std::string buffer;
  std::optional<ReplicaId> after;
  bool last = false;
  while (!last) {
    FSDFS_ASSIGN(auto rows, core.index->page(after, kListPage));
    for (const IndexRow& row : rows) {
      if (row.held.state == HeldState::kWhole && row.sha256) buffer += list_line(core, row);
    }
    last = rows.size() < kListPage;
    if (!rows.empty()) after = rows.back().held.replica;
    if (buffer.size() < kListBuffer && !last) continue;
    FSDFS_TRY(file.append(buffer));
    buffer.clear();
  }
  FSDFS_TRY(file.sync_data());
  return file.close();
}

}  // namespace

Result<std::shared_ptr<const OpenReplica>> DiskStore::open_fresh(const ReplicaId& replica) {
  if (auto meta = core_->disk.open(core_->layout.meta(replica), Disk::Access::kRead); meta.ok()) {
    (*meta)->forget_cached(0, 0);
  }
  bool bad = false;
  auto open = open_on_disk(replica, bad);
  if (!open.ok()) return bad ? data_loss(open.status().message()) : open.status();
  (*open)->forget_cached(0, 0);
  auto stat = core_->disk.stat(core_->layout.data(replica));
  if (!stat.ok() || stat->size <= (*open)->size()) return open;  // a short one shows when it is read
  Status longer = data_loss(fmt::format("replica {} has {} bytes after the {} that it should have",
                                        replica.to_string(), stat->size - (*open)->size(), (*open)->size()));
  quarantine(replica, longer);
  return longer;
}

Status DiskStore::read_fresh(const OpenReplica& replica, uint64_t offset, std::span<char> into) {
  Status status = replica.read(offset, into);
  replica.forget_cached(offset, into.size());
  if (status.code() == Code::kDataLoss) quarantine(replica.id(), status);
  return status;
}

Status DiskStore::note_verified(const ReplicaId& replica, const Sha256& sha256, WallTime at) {
  return core_->index->set_verified(replica, sha256, at);
}

WallTime DiskStore::verified(const ReplicaId& replica) {
  auto row = core_->index->find(replica);
  bool whole = row.ok() && *row && (*row)->held.state == HeldState::kWhole;
  return whole ? (*row)->verified : WallTime::max();
}

Result<std::vector<HeldReplica>> DiskStore::page_unhashed(const std::optional<ReplicaId>& after,
                                                          size_t limit) {
  return core_->index->page_unhashed(after, limit);
}

Status DiskStore::write_sha256_list() {
  const std::string path = core_->layout.sha256_list();
  const std::string next = path + ".tmp";
  FSDFS_TRY(core_->unlink_if_there(next));
  {
    FSDFS_ASSIGN(auto file, core_->disk.create(next, kReplicaMode));
    if (Status written = write_list(*core_, *file); !written.ok()) {
      (void)core_->unlink_if_there(next);
      return written.with_context(path);
    }
  }
  FSDFS_TRY(core_->disk.rename(next, path));
  return core_->disk.sync_directory(core_->layout.root());
}

}  // namespace fsdfs::node
