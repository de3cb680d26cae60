// What the store of a disk does with the master's records (records.h).
#include <algorithm>
#include <set>
#include <utility>

#include "node/store/disk_store.h"
#include "node/store/origin_update.h"

namespace fsdfs::node {
namespace {

constexpr size_t kVersionsOfFileMax = 64;  // on one disk; more are not looked at

Result<std::vector<IndexRow>> versions_of(Index& index, InodeId inode) {
  FSDFS_ASSIGN(auto rows, index.page(ReplicaId{inode, {}}, kVersionsOfFileMax));
  std::erase_if(rows, [inode](const IndexRow& row) { return row.held.replica.inode != inode; });
  return rows;
}

}  // namespace

Result<LogPosition> DiskStore::followed() {
  return core_->index->followed();
}

// The directories first: the tree finds a file's place by them; and those that are gone last, as it finds
// there what is to go.
Status DiskStore::apply(const RecordPage& page, std::vector<ReplicaId>& bad) {
  std::set<InodeId> holding;
  std::vector<std::pair<IndexRow, const FileRecord*>> concerned;
  for (const FileRecord& file : page.files) {
    FSDFS_ASSIGN(auto rows, versions_of(*core_->index, file.current.inode));
    if (!rows.empty() && file.origin.parent.value != 0) holding.insert(file.origin.parent);
    for (IndexRow& row : rows) concerned.emplace_back(std::move(row), &file);
  }
  FSDFS_ASSIGN(auto paths, paths_of(page.directories));
  FSDFS_TRY(core_->directories->apply(page.directories, {}, holding));
  FSDFS_TRY(move_directories(paths));
  OriginUpdate update(*core_);
  for (const auto& [row, file] : concerned) FSDFS_TRY(update.add(row, *file, page.present_state));
  FSDFS_TRY(update.sync());
  for (const auto& [replica, why] : update.bad()) {
    if (quarantine(replica, why)) bad.push_back(replica);
  }
  FSDFS_TRY(forget_gone(page.gone));
  return page.after ? Status() : core_->index->set_followed(page.position);
}

// Of those that are known.
Result<DiskStore::Paths> DiskStore::paths_of(const std::vector<DirectoryRecord>& directories) {
  Paths paths;
  if (!core_->tree.on()) return paths;
  for (const DirectoryRecord& directory : directories) {
    FSDFS_ASSIGN(auto known, core_->directories->find(directory.inode));
    bool stays = known && known->parent == directory.parent && known->name == directory.name;
    if (!known || stays) continue;
    FSDFS_ASSIGN(paths[directory.inode], core_->directories->path_of(directory.inode));
  }
  return paths;
}

// `before`: the paths of those that have moved. One that was moved with another one above it is not found.
Status DiskStore::move_directories(const Paths& before) {
  for (const auto& [directory, from] : before) {
    FSDFS_ASSIGN(std::string to, core_->directories->path_of(directory));
    if (!from.empty() && !to.empty() && from != to) core_->tree.moved(from, to);
  }
  if (before.size() > 1) core_->tree.reconcile();
  return {};
}

// A file that is gone is no version's content any more; its replicas are the master's to delete.
Status DiskStore::forget_gone(const std::vector<InodeId>& gone) {
  if (gone.empty()) return {};
  std::vector<std::string> paths;
  for (InodeId inode : gone) {
    FSDFS_ASSIGN(std::string path, core_->directories->path_of(inode));
    if (!path.empty()) paths.push_back(std::move(path));
    FSDFS_ASSIGN(auto rows, versions_of(*core_->index, inode));
    for (IndexRow& row : rows) {
      if (!std::exchange(row.current, false)) continue;
      FSDFS_TRY(core_->index->set_place(row));
      core_->tree.settle(row.parent, row.name);
    }
  }
  FSDFS_TRY(core_->directories->apply({}, gone, {}));
  for (const std::string& path : paths) core_->tree.removed(path);
  return {};
}

}  // namespace fsdfs::node
