#include "master/policy/facts.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/path.h"
#include "master/policy/limits.h"

namespace fsdfs::master {
namespace {

constexpr size_t kDirectoriesMax = 10'000;  // remembered at once
constexpr size_t kDepthMax = 4096;          // a path has no more names

void add_reads(const ReadsRecord& reads, Vars& vars) {
  if (reads.seen > 0) vars[std::string(kReadsPerDay)] = reads.seen;
}

}  // namespace

double FactReader::age(FileTime modified) const {
  auto seconds = [](const FileTime& time) {
    return static_cast<double>(time.seconds) + static_cast<double>(time.nanoseconds) * 1e-9;
  };
  return std::max(0.0, seconds(now_) - seconds(modified));
}

// Walks up to a directory that is known, or the root, and comes back down.
Result<FactReader::Directory> FactReader::directory(InodeId id) {
  std::vector<Inode> way;  // from `id` upwards
  Directory known{"", std::nullopt};
  for (InodeId at = id;;) {
    if (auto found = directories_.find(at); found != directories_.end()) {
      known = found->second;
      break;
    }
    FSDFS_ASSIGN(auto inode, view_.inode(at));
    if (!inode || way.size() >= kDepthMax) {
      return data_loss(fmt::format("directory {} has no way to the root: run fsdfs fsck", id.value),
                       Reason::kNone);
    }
    way.push_back(std::move(*inode));
    if (at == kRootInode) break;
    at = way.back().parent;
  }
  if (directories_.size() > kDirectoriesMax) directories_.clear();
  for (; !way.empty(); way.pop_back()) {
    const Inode& inode = way.back();
    if (inode.id == kRootInode) {
      known.path = "/";
    } else if (needs_.paths) {
      FSDFS_ASSIGN(auto entry, view_.name_of(inode.id));
      known.path = join_path(known.path, entry ? entry->name : "");
    }
    if (inode.own_target) known.target = DirectoryTarget{*inode.own_target, needs_.paths ? known.path : ""};
    directories_[inode.id] = known;
  }
  return known;
}

Result<std::optional<DirectoryTarget>> FactReader::directory_target(InodeId id) {
  FSDFS_ASSIGN(auto found, directory(id));
  return std::move(found.target);
}

Status FactReader::preload(InodeId after, InodeId last) {
  if (!needs_.vars) return {};
  FSDFS_ASSIGN(vars_, view_.vars_between(after, last));
  FSDFS_ASSIGN(auto reads, view_.reads_between(after, last));
  for (const ReadsRecord& record : reads) add_reads(record, vars_[record.inode]);
  loaded_after_ = after;
  loaded_last_ = last;
  return {};
}

Status FactReader::set_vars(InodeId id, Vars& vars) {
  if (!needs_.vars) return {};
  if (id > loaded_after_ && id <= loaded_last_) {
    if (auto found = vars_.find(id); found != vars_.end()) vars = found->second;
    return {};
  }
  FSDFS_ASSIGN(vars, view_.vars(id));
  FSDFS_ASSIGN(auto reads, view_.reads(id));
  if (reads) add_reads(*reads, vars);
  return {};
}

Result<std::optional<FileFacts>> FactReader::of(const Inode& file) {
  FSDFS_ASSIGN(auto entry, view_.name_of(file.id));
  if (!entry) return std::optional<FileFacts>();
  FSDFS_ASSIGN(auto above, directory(entry->parent));
  FileFacts facts;
  if (needs_.paths) facts.path = join_path(above.path, entry->name);
  facts.size = file.content.size;
  facts.age = age(file.modified);
  facts.own_target = file.own_target;
  facts.directory = std::move(above.target);
  FSDFS_TRY(set_vars(file.id, facts.vars));
  return std::optional<FileFacts>(std::move(facts));
}

Result<FileFacts> FactReader::of_new(const Inode& parent, const std::string& name, uint64_t size,
                                     FileTime modified) {
  FSDFS_ASSIGN(auto above, directory(parent.id));
  FileFacts facts;
  if (needs_.paths) facts.path = join_path(above.path, name);
  facts.size = size;
  facts.age = age(modified);
  facts.directory = std::move(above.target);
  return facts;
}

}  // namespace fsdfs::master
