// From a place (a directory and a path below it) to what is there. Pure functions over a view of the store.
//
// What is in the trash is not there.
//
// Errors, all naming the path: kInvalidArgument (a name too long, "." or "..", NUL), kNotFound (which part is
// missing), kFailedPrecondition/kNotDirectory (which part is in the way).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/status.h"
#include "master/store/store.h"

namespace fsdfs::master {

// `path` below the directory, as in openat(2). An empty path is the inode itself; directory none is the root.
struct PathAt {
  InodeId directory;
  std::string path;
};

struct Located {
  Inode inode;
  std::optional<Entry> entry;  // the name that led here; none for the root and for a place without a path
  std::string shown;           // the path for messages
};

// Where a name is, or would be.
struct NameSlot {
  Inode parent;  // a directory
  std::string name;
  std::optional<Entry> entry;  // what is there now
  std::string shown;
};

Result<Located> resolve(ReadView& view, const PathAt& place);
// The last name of the path; everything before it must be there. kInvalidArgument where the path has no last
// name.
Result<NameSlot> resolve_slot(ReadView& view, const PathAt& place);
// The inode that an entry names; kDataLoss when the database contradicts itself.
Result<Inode> inode_of(ReadView& view, const Entry& entry);

// From the root: of the name in the directory `parent`, and of a directory.
Result<std::string> path_of(ReadView& view, InodeId parent, std::string_view name);
Result<std::string> path_of(ReadView& view, InodeId directory);

// The names of the place's path. kInvalidArgument as common/path.h.
Result<std::vector<std::string>> place_names(const PathAt& place);

Status no_such_path(const std::string& shown);
Status not_a_directory(const std::string& shown);
Status is_a_directory(const std::string& shown);

}  // namespace fsdfs::master
