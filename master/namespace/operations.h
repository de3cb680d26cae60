// The operations on names and attributes, with POSIX meaning, each a function over one transaction of the
// store (docs/architecture.md). Called by master/service, which answers after the commit.
//
// An operation that returns an error has changed nothing: the store takes back what it did. Errors name the
// path. Permission bits are kept and not enforced here: whoever holds the swarm's password may do everything;
// the mount lets the kernel check.
#pragma once

#include <optional>
#include <vector>

#include "master/namespace/links.h"
#include "master/namespace/resolve.h"

namespace fsdfs::master {

inline constexpr size_t kDirectoryPageMax = 4096;

// --- reading ---

// kNotFound, kNotDirectory, kInvalidArgument. An inode without a place in the answer (`entry` none) is the
// root, or was asked for by its number.
Result<Located> lookup(ReadView& view, const PathAt& place);

struct DirectoryPage {
  Inode directory;
  std::vector<Child> children;
  bool end = false;
};
// Those after the cookie `after`, `limit` at most (0: kDirectoryPageMax).
Result<DirectoryPage> read_directory(ReadView& view, const PathAt& place, uint64_t after, size_t limit);

// --- changing ---

struct NewInode {
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
};

// With `parents` missing directories on the way are made too, and one that is there already is no error.
Result<Inode> make_directory(WriteTransaction& transaction, const PathAt& place, const NewInode& attributes,
                             bool parents);

enum class RemoveKind { kFile, kDirectory, kAny };
// The inode as it was before.
Result<Inode> remove(WriteTransaction& transaction, const PathAt& place, RemoveKind kind,
                     LastName last = LastName::kEnds);

struct RenameFlags {
  bool no_replace = false;
  bool exchange = false;
};
// The moved inode, as rename(2) and renameat2(2) mean it: what stood at `to` is replaced in the same instant,
// and counts as removed. kResourceExhausted/kQuota: what is moved does not fit below `to`.
Result<Inode> rename(WriteTransaction& transaction, const PathAt& from, const PathAt& to, RenameFlags flags,
                     LastName last = LastName::kEnds);

struct AttributeChange {
  std::optional<uint32_t> mode;
  std::optional<uint32_t> uid;
  std::optional<uint32_t> gid;
  std::optional<FileTime> accessed;
  std::optional<FileTime> modified;
};
Result<Located> set_attributes(WriteTransaction& transaction, const PathAt& place,
                               const AttributeChange& change);

// What computes N is in targets.h.

// An inode as it is born in `parent`: times, and the group of a set-group-id directory.
Inode newborn(WriteTransaction& transaction, const Inode& parent, FileType type, const NewInode& attributes);

}  // namespace fsdfs::master
