#include "node/store/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/io/files.h"
#include "common/path.h"
#include "node/store/store_core.h"

namespace fsdfs::node {
namespace {

std::string link_in(const std::string& directory, const std::string& name) {
  return directory + "/" + name;
}

// Also below what is a file.
bool is_missing(const Status& status) {
  return status.code() == Code::kNotFound || status.reason() == Reason::kNotDirectory;
}

// A name in an index row is what whoever wrote the replica said; it must not lead out of its directory.
bool is_place(InodeId parent, const std::string& name) {
  return parent.value != 0 && check_name(name).ok();
}

}  // namespace

std::string Tree::host_path(const std::string& path) const {
  return core_.layout.tree() + (path == "/" ? std::string() : path);
}

// A full disk may have room later; a name that the filesystem refuses stays refused.
void Tree::judge(const Status& status) {
  if (status.ok() || core_.health.failed()) return;
  if (status.code() == Code::kResourceExhausted) retry_at_ = core_.clock.now() + kRetry;
  if (!std::exchange(warned_, true)) {
    core_.logger.warning("{} does not show all that it should: {} (told once)", core_.layout.tree(),
                         status.message());
  }
}

void Tree::settle(InodeId parent, const std::string& name) {
  if (!on_ || !is_place(parent, name) || core_.health.failed()) return;
  std::lock_guard lock(mutex_);
  judge(settle_place(parent, name));
}

Status Tree::settle_place(InodeId parent, const std::string& name) {
  FSDFS_ASSIGN(std::string path, core_.directories->path_of(parent));
  if (path.empty()) return {};
  const std::string link = link_in(host_path(path), name);
  FSDFS_ASSIGN(auto row, newest_at(parent, name));
  return row ? show(*row, link) : hide(link);
}

Result<std::optional<IndexRow>> Tree::newest_at(InodeId parent, const std::string& name) {
  FSDFS_ASSIGN(auto rows, core_.index->at_place(parent, name));
  auto newest = std::max_element(rows.begin(), rows.end(), [](const IndexRow& a, const IndexRow& b) {
    return a.held.replica.version < b.held.replica.version;
  });
  if (newest == rows.end()) return std::optional<IndexRow>();
  return std::optional(std::move(*newest));
}

Result<bool> Tree::is_same(const IndexRow& row, const std::string& link) {
  auto there = core_.disk.stat(link);
  if (is_missing(there.status())) return false;
  if (!there.ok()) return there.status();
  auto data = core_.disk.stat(core_.layout.data(row.held.replica));
  if (data.status().code() == Code::kNotFound) return false;
  if (!data.ok()) return data.status();
  return data->device == there->device && data->inode == there->inode;
}

Status Tree::show(const IndexRow& row, const std::string& link) {
  FSDFS_TRY(reach(parent_directory(link), true).status());
  FSDFS_ASSIGN(bool same, is_same(row, link));
  if (same) return {};
  const std::string data = core_.layout.data(row.held.replica);
  if (auto stat = core_.disk.stat(link); stat.ok() && stat->type == FileType::kDirectory) {
    blocked_ = true;
    return {};
  }
  // By way of another name, so that a reader finds the old file or the new one.
  const std::string temporary = fmt::format("{}/tree.{}", core_.layout.stage(), temporary_++);
  Status linked = core_.disk.link(data, temporary);
  if (linked.code() == Code::kNotFound) {  // it has just gone
    FSDFS_TRY(hide(link));
    remove_empty_above(link);
    return {};
  }
  FSDFS_TRY(linked);
  Status renamed = core_.disk.rename(temporary, link);
  if (!renamed.ok()) (void)core_.unlink_if_there(temporary);  // the first failure is the one to tell
  return renamed;
}

Status Tree::hide(const std::string& link) {
  FSDFS_ASSIGN(bool reached, reach(parent_directory(link), false));
  if (!reached) return {};
  auto stat = core_.disk.stat(link);
  if (!stat.ok() || stat->type == FileType::kDirectory) return {};
  FSDFS_TRY(core_.unlink_if_there(link));
  remove_empty_above(link);
  return {};
}

Result<bool> Tree::reach(const std::string& path, bool make) {
  const std::string root = core_.layout.tree();
  FSDFS_ASSIGN(FileStat replicas, core_.disk.stat(core_.layout.replicas()));
  for (size_t end = root.size();; end = std::min(path.find('/', end + 1), path.size())) {
    const std::string directory = path.substr(0, end);
    auto stat = core_.disk.stat(directory);
    if (!stat.ok() && !is_missing(stat.status())) return stat.status();
    if (stat.ok() && stat->type == FileType::kDirectory) {
      if (stat->device != replicas.device) return failed_precondition(directory + " is another filesystem");
    } else if (stat.ok() && end == root.size()) {
      return failed_precondition(directory + " is not a directory");
    } else if (!make) {
      return false;
    } else {
      FSDFS_TRY(core_.unlink_if_there(directory));  // a file that was there before, or somebody's link
      FSDFS_TRY(core_.disk.make_directory(directory, kReplicaDirectoryMode));
    }
    if (end == path.size()) return true;
  }
}

void Tree::remove_empty_above(const std::string& path) {
  for (std::string directory = parent_directory(path); directory.size() > core_.layout.tree().size();
       directory = parent_directory(directory)) {
    if (!core_.disk.remove_directory(directory).ok()) return;  // not empty
  }
}

void Tree::moved(const std::string& from, const std::string& to) {
  if (!on_ || core_.health.failed()) return;
  std::lock_guard lock(mutex_);
  if (!pruning_.empty() || adding_) again_ = true;
  const std::string there = host_path(from);
  auto reached = reach(there, false);
  if (reached.ok() && !*reached) return;
  Status status = reached.status();
  if (status.ok()) status = reach(parent_directory(host_path(to)), true).status();
  if (status.ok()) status = core_.disk.rename(there, host_path(to));
  if (status.ok()) remove_empty_above(there);
  // What it made way for may have been looked at already.
  if (!status.ok() || std::exchange(blocked_, false)) again_ = true;
}

void Tree::removed(const std::string& path) {
  if (!on_) return;
  std::lock_guard lock(mutex_);
  pruning_.push_back({path, {kRootInode}, {}, 0});
  auto names = split_path(path);
  if (!names.ok()) return pruning_.pop_back();
  for (const std::string& name : *names) {
    auto ids = below(pruning_.back().ids, name);
    if (!ids.ok()) return pruning_.pop_back();
    pruning_.back().ids = std::move(*ids);
  }
}

void Tree::reconcile() {
  std::lock_guard lock(mutex_);
  again_ = true;
}

bool Tree::step() {
  if (core_.health.failed()) return false;
  std::lock_guard lock(mutex_);
  if (retry_at_ && core_.clock.now() >= *retry_at_) {
    retry_at_.reset();
    again_ = true;
  }
  if (!pruning_.empty()) {
    judge(prune_some());
    if (pruning_.empty() && std::exchange(blocked_, false) && !adding_) again_ = on_;
  } else if (adding_) {
    Status added = add_some();
    if (!added.ok()) {
      adding_ = false;
      retry_at_ = core_.clock.now() + kRetry;
    }
    judge(added);
  } else if (std::exchange(again_, false)) {
    pruning_.push_back({"/", {}, {}, 0});
    if (on_) pruning_.back().ids = {kRootInode};
    adding_ = on_;
    added_.reset();
  } else {
    return false;
  }
  return true;
}

// --- what should not be there ---

Status Tree::prune_some() {
  Pruned& directory = pruning_.back();
  const std::string here = host_path(directory.path);
  if (!directory.names) {
    directory.names.emplace();
    FSDFS_ASSIGN(bool reached, reach(here, false));
    if (!reached) return pruning_.pop_back(), Status();
    FSDFS_TRY(core_.disk.list(here, [&](const DirectoryEntry& entry) {
      directory.names->push_back({std::string(entry.name), entry.type});
      return true;
    }));
  }
  for (size_t handled = 0; handled < kPortion && directory.next < directory.names->size(); ++handled) {
    const Name& found = (*directory.names)[directory.next++];
    if (found.type != FileType::kDirectory) {
      FSDFS_TRY(prune_file(directory, found.name));
      continue;
    }
    FSDFS_ASSIGN(auto ids, below(directory.ids, found.name));
    pruning_.push_back({join_path(directory.path, found.name), std::move(ids), {}, 0});
    return {};
  }
  if (directory.next < directory.names->size()) return {};
  pruning_.pop_back();
  if (here != core_.layout.tree() || !on_) (void)core_.disk.remove_directory(here);  // if it is empty
  return {};
}

// A wrong file where one should be is replaced when that one is added.
Status Tree::prune_file(const Pruned& directory, const std::string& name) {
  for (InodeId id : directory.ids) {
    FSDFS_ASSIGN(auto row, newest_at(id, name));
    if (row) return {};
  }
  return core_.unlink_if_there(link_in(host_path(directory.path), name));
}

Result<std::vector<InodeId>> Tree::below(const std::vector<InodeId>& ids, const std::string& name) {
  std::vector<InodeId> found;
  for (InodeId id : ids) {
    FSDFS_ASSIGN(auto directories, core_.directories->named(id, name));
    found.insert(found.end(), directories.begin(), directories.end());
  }
  return found;
}

// --- what is missing ---

Status Tree::add_some() {
  FSDFS_ASSIGN(auto rows, core_.index->page(added_, kPortion));
  if (rows.size() < kPortion) adding_ = false;
  if (!rows.empty()) added_ = rows.back().held.replica;
  std::map<InodeId, std::string> paths;
  for (const IndexRow& row : rows) {
    if (!row.current || !is_place(row.parent, row.name) || row.held.state != HeldState::kWhole) continue;
    auto path = paths.find(row.parent);
    if (path == paths.end()) {
      FSDFS_ASSIGN(std::string found, core_.directories->path_of(row.parent));
      path = paths.emplace(row.parent, std::move(found)).first;
    }
    if (path->second.empty()) continue;
    judge(show(row, link_in(host_path(path->second), row.name)));
  }
  return {};
}

std::optional<std::string> Tree::shown(const IndexRow& row) {
  if (!on_ || !row.current || !is_place(row.parent, row.name)) return std::nullopt;
  std::lock_guard lock(mutex_);
  auto path = core_.directories->path_of(row.parent);
  if (!path.ok() || path->empty()) return std::nullopt;
  auto same = is_same(row, link_in(host_path(*path), row.name));
  if (!same.ok() || !*same) return std::nullopt;
  return join_path(*path, row.name).substr(1);
}

}  // namespace fsdfs::node
