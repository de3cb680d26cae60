// From an inode back to its path, for people: one of its names, always the same while it lasts. Pure over a
// view.
#pragma once

#include <map>
#include <string>

#include "common/status.h"
#include "master/store/store.h"

namespace fsdfs::master {

// Remembers the directories that it came by: made for one listing, over one view.
class InodePaths {
 public:
  explicit InodePaths(ReadView& view) : view_(view) {}

  // "/a/b.mp3"; "/" for the root; empty for what has no name.
  Result<std::string> path(InodeId inode);

 private:
  Result<std::string> directory(InodeId inode, int depth);

  ReadView& view_;
  std::map<InodeId, std::string> directories_;
};

}  // namespace fsdfs::master
