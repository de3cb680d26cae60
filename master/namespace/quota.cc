#include "master/namespace/quota.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "common/path.h"
#include "common/units.h"

namespace fsdfs::master {
namespace {

// Of a directory and all above it, the nearest first.
Result<std::vector<QuotaRecord>> quotas_above(ReadView& view, InodeId directory) {
  std::vector<QuotaRecord> found;
  while (true) {
    FSDFS_ASSIGN(auto quota, view.quota(directory));
    if (quota) found.push_back(*quota);
    if (directory == kRootInode) return found;
    FSDFS_ASSIGN(auto inode, view.inode(directory));
    if (!inode)
      return data_loss(fmt::format("directory {} is gone: run fsdfs fsck", directory.value), Reason::kNone);
    directory = inode->parent;
  }
}

// A quota with what one operation changes in it.
struct Charged {
  QuotaRecord quota;
  int64_t bytes = 0;
  int64_t files = 0;
};

bool exceeds(const std::optional<uint64_t>& limit, uint64_t used, int64_t change) {
  return limit && change > 0 && used + static_cast<uint64_t>(change) > *limit;
}

Status refuse(ReadView& view, const std::string& allowed, const QuotaRecord& quota) {
  FSDFS_ASSIGN(std::string path, path_of(view, quota.directory));
  return Status(Code::kResourceExhausted,
                fmt::format("quota of {}: {}: remove what is not needed below it, or raise it with "
                            "'fsdfs quota set'",
                            display(path), allowed),
                Reason::kQuota);
}

Status check(ReadView& view, const Charged& charged) {
  const QuotaRecord& quota = charged.quota;
  if (exceeds(quota.bytes_limit, quota.bytes_used, charged.bytes)) {
    return refuse(
        view,
        fmt::format("{} allowed, {} used, this needs {}", format_size(*quota.bytes_limit),
                    format_size(quota.bytes_used), format_size(static_cast<uint64_t>(charged.bytes))),
        quota);
  }
  if (exceeds(quota.files_limit, quota.files_used, charged.files)) {
    return refuse(view,
                  fmt::format("{} files allowed, {} are there, this makes {} more", *quota.files_limit,
                              quota.files_used, charged.files),
                  quota);
  }
  return {};
}

// The quotas that the changes add up in, and what each has to take.
Result<std::map<InodeId, Charged>> add_up(ReadView& view, std::span<const UsageChange> changes) {
  std::map<InodeId, Charged> charged;
  for (const UsageChange& change : changes) {
    if (change.bytes == 0 && change.files == 0) continue;
    FSDFS_ASSIGN(auto above, quotas_above(view, change.directory));
    for (const QuotaRecord& quota : above) {
      Charged& one = charged.try_emplace(quota.directory, Charged{quota, 0, 0}).first->second;
      one.bytes += change.bytes;
      one.files += change.files;
    }
  }
  for (const auto& [directory, one] : charged) FSDFS_TRY(check(view, one));
  return charged;
}

// Records that were wrong before never become huge.
uint64_t plus(uint64_t used, int64_t change) {
  if (change >= 0) return used + static_cast<uint64_t>(change);
  return used - std::min(used, static_cast<uint64_t>(-change));
}

std::set<InodeId> directories_of(const std::vector<QuotaRecord>& quotas) {
  std::set<InodeId> ids;
  for (const QuotaRecord& quota : quotas) ids.insert(quota.directory);
  return ids;
}

Result<Usage> usage_of(ReadView& view, const Inode& inode) {
  if (inode.type == FileType::kRegular) return Usage{inode.content.size, 1};
  if (inode.type != FileType::kDirectory) return Usage{};
  FSDFS_ASSIGN(auto own, view.quota(inode.id));
  if (own) return Usage{own->bytes_used, own->files_used};
  return view.usage_below(inode.id);
}

Result<Located> directory_at(ReadView& view, const PathAt& place) {
  FSDFS_ASSIGN(auto located, resolve(view, place));
  if (located.inode.type == FileType::kDirectory) return located;
  return failed_precondition("not a directory: " + located.shown + " (a quota is a directory's)",
                             Reason::kNotDirectory);
}

}  // namespace

UsageChange brought_to(InodeId directory, const Inode& inode) {
  if (inode.type != FileType::kRegular) return {directory};
  return {directory, static_cast<int64_t>(inode.content.size), 1};
}

UsageChange taken_from(InodeId directory, const Inode& inode) {
  UsageChange change = brought_to(directory, inode);
  return {directory, -change.bytes, -change.files};
}

Result<std::vector<UsageChange>> moved_between(ReadView& view, InodeId from, InodeId to, const Inode& moved) {
  std::vector<UsageChange> changes;
  if (from == to) return changes;
  FSDFS_ASSIGN(bool any, view.any_quota());
  if (!any) return changes;
  FSDFS_ASSIGN(auto left, quotas_above(view, from));
  FSDFS_ASSIGN(auto entered, quotas_above(view, to));
  if (directories_of(left) == directories_of(entered)) return changes;
  FSDFS_ASSIGN(auto usage, usage_of(view, moved));
  auto bytes = static_cast<int64_t>(usage.bytes), files = static_cast<int64_t>(usage.files);
  changes = {{from, -bytes, -files}, {to, bytes, files}};
  return changes;
}

Status charge(WriteTransaction& transaction, std::span<const UsageChange> changes) {
  FSDFS_ASSIGN(bool any, transaction.any_quota());
  if (!any) return {};
  FSDFS_ASSIGN(auto charged, add_up(transaction, changes));
  for (auto& [directory, one] : charged) {
    if (one.bytes == 0 && one.files == 0) continue;
    one.quota.bytes_used = plus(one.quota.bytes_used, one.bytes);
    one.quota.files_used = plus(one.quota.files_used, one.files);
    FSDFS_TRY(transaction.put_quota(one.quota));
  }
  return {};
}

Status charge(WriteTransaction& transaction, const UsageChange& change) {
  return charge(transaction, std::span(&change, 1));
}

Status check_quota(ReadView& view, const UsageChange& change) {
  FSDFS_ASSIGN(bool any, view.any_quota());
  if (!any) return {};
  return add_up(view, std::span(&change, 1)).status();
}

Result<Quota> set_quota(WriteTransaction& transaction, const PathAt& place, const QuotaChange& change) {
  FSDFS_ASSIGN(auto located, directory_at(transaction, place));
  FSDFS_ASSIGN(auto there, transaction.quota(located.inode.id));
  Quota quota;
  if (there) {
    quota.record = *there;
  } else {
    FSDFS_ASSIGN(auto usage, transaction.usage_below(located.inode.id));
    quota.record = {located.inode.id, std::nullopt, std::nullopt, usage.bytes, usage.files};
  }
  quota.record.bytes_limit = change.bytes.value_or(quota.record.bytes_limit);
  quota.record.files_limit = change.files.value_or(quota.record.files_limit);
  FSDFS_ASSIGN(quota.path, path_of(transaction, located.inode.id));
  FSDFS_TRY(transaction.put_quota(quota.record));
  return quota;
}

Result<Quota> find_quota(ReadView& view, const PathAt& place) {
  FSDFS_ASSIGN(auto located, directory_at(view, place));
  FSDFS_ASSIGN(auto found, view.quota(located.inode.id));
  FSDFS_ASSIGN(std::string path, path_of(view, located.inode.id));
  if (!found) {
    return failed_precondition(
        fmt::format("no quota of its own: {} (fsdfs quota set makes one)", display(path)));
  }
  return Quota{*found, std::move(path)};
}

Result<Quota> remove_quota(WriteTransaction& transaction, const PathAt& place) {
  FSDFS_ASSIGN(auto quota, find_quota(transaction, place));
  FSDFS_TRY(transaction.remove_quota(quota.record.directory));
  return quota;
}

Status forget_quota(WriteTransaction& transaction, InodeId directory) {
  FSDFS_ASSIGN(auto there, transaction.quota(directory));
  if (!there) return {};
  return transaction.remove_quota(directory);
}

}  // namespace fsdfs::master
