// The trash: deleted files that keep their content until their retention is over, or their space is needed.
// Such a file has no name; its inode, its replicas and a trash record stay. Functions over one transaction of
// the store, called by the operations on names, by master/service and by master/control.
//
// Everything of a file that is purged goes as if it had been removed at once: its replicas become deletions
// and a tombstone stays (invariants 3 and 11).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "common/status.h"
#include "master/namespace/operations.h"
#include "master/store/store.h"

namespace fsdfs::master {

inline constexpr size_t kTrashPageMax = 1000;
inline constexpr size_t kPurgeBatch = 256;  // files in one transaction

// `inode` was just deprived of its last name, `entry`.
Status move_to_trash(WriteTransaction& transaction, const Entry& entry, const Inode& inode);

// By inode, or by where it was.
using TrashChoice = std::variant<InodeId, std::string>;

struct Restored {
  Inode inode;
  InodeId parent;
  std::string path;
};
// Gives a deleted file a name again: `to` (with a '/' at its end: its own name in that directory), or the
// path that it had. Of several that were at a path, the one deleted last. Missing directories are made with
// `directories`. kNotFound, kAlreadyExists, kResourceExhausted/kQuota, kDataLoss (no copy is left), and what
// a path may be refused for.
Result<Restored> restore_trash(WriteTransaction& transaction, const TrashChoice& choice,
                               const std::optional<std::string>& to, const NewInode& directories);

struct Purged {
  uint64_t files = 0;
  uint64_t bytes = 0;
  bool more = false;  // a bound was reached: again
};
// Those of `inodes` that are in the trash; the others are left as they are.
Result<Purged> purge_trash(WriteTransaction& transaction, std::span<const InodeId> inodes);
// The one, or those that were at the path, kPurgeBatch at most. kNotFound.
Result<Purged> purge_trash(WriteTransaction& transaction, const TrashChoice& choice);

// Those deleted at `time` or before, kPurgeBatch at most, the oldest first.
Result<Purged> purge_trash_until(WriteTransaction& transaction, FileTime time);

// A path from outside as the trash's records have it: "/a/b". kInvalidArgument.
Result<std::string> trash_path(std::string_view path);

}  // namespace fsdfs::master
