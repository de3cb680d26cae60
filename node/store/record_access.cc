// What the store of a disk does with the master's records (records.h).
#include <algorithm>
#include <set>

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

// The directories first: a sidecar that names one then finds it known.
Status DiskStore::apply(const RecordPage& page, std::vector<ReplicaId>& bad) {
  std::set<InodeId> holding;
  std::vector<std::pair<IndexRow, const FileRecord*>> concerned;
  for (const FileRecord& file : page.files) {
    FSDFS_ASSIGN(auto rows, versions_of(*core_->index, file.current.inode));
    if (!rows.empty() && file.origin.parent.value != 0) holding.insert(file.origin.parent);
    for (IndexRow& row : rows) concerned.emplace_back(std::move(row), &file);
  }
  FSDFS_TRY(core_->directories->apply(page.directories, page.gone, holding));
  OriginUpdate update(*core_);
  for (const auto& [row, file] : concerned) FSDFS_TRY(update.add(row, *file));
  FSDFS_TRY(update.sync());
  for (const auto& [replica, why] : update.bad()) {
    if (quarantine(replica, why)) bad.push_back(replica);
  }
  return page.after ? Status() : core_->index->set_followed(page.position);
}

}  // namespace fsdfs::node
