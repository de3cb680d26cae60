// Quotas of directories: how many bytes and files may lie below one. All quotas above a file apply. Functions
// over one transaction or view of the store, called by whatever adds, removes, moves or changes files.
//
// What a quota has used is kept in its row, in the transaction of each change: the writer runs one operation
// after the other, so that two commits at once never exceed it. An operation that only frees, or leaves as it
// is, is never refused, also where a limit was set below what is used. Without any quota in the swarm all of
// this costs one look at an empty table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "master/namespace/resolve.h"
#include "master/store/store.h"

namespace fsdfs::master {

inline constexpr size_t kQuotaPageMax = 1000;

// By how much what lies in a directory changes.
struct UsageChange {
  InodeId directory;
  int64_t bytes = 0;
  int64_t files = 0;
};
// Of a regular file as a whole; nothing for others.
UsageChange brought_to(InodeId directory, const Inode& inode);
UsageChange taken_from(InodeId directory, const Inode& inode);

// What a move from one directory to another changes. All below a directory is counted, where it crosses a
// quota.
Result<std::vector<UsageChange>> moved_between(ReadView& view, InodeId from, InodeId to, const Inode& moved);

// Adds all changes of one operation up in the quotas above. kResourceExhausted/kQuota names the first one
// that would be exceeded; the operation is then to fail.
Status charge(WriteTransaction& transaction, std::span<const UsageChange> changes);
Status charge(WriteTransaction& transaction, const UsageChange& change);
// The same question without the change: to refuse early what charge() would refuse in the end.
Status check_quota(ReadView& view, const UsageChange& change);

// Of a limit: what is set changes.
struct QuotaChange {
  std::optional<std::optional<uint64_t>> bytes;
  std::optional<std::optional<uint64_t>> files;
};
struct Quota {
  QuotaRecord record;
  std::string path;
};
// Counts what is below the directory where it has none yet. kFailedPrecondition/kNotDirectory.
Result<Quota> set_quota(WriteTransaction& transaction, const PathAt& place, const QuotaChange& change);
// kFailedPrecondition: it has none of its own.
Result<Quota> find_quota(ReadView& view, const PathAt& place);
Result<Quota> remove_quota(WriteTransaction& transaction, const PathAt& place);
// The directory ends.
Status forget_quota(WriteTransaction& transaction, InodeId directory);

}  // namespace fsdfs::master
