// walk_local: everything below a local directory, for put.
//
// Used by one thread; memory is that of one path and the names of the directories on it. Entries that come or
// go meanwhile may or may not be seen.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>

#include "common/status.h"

namespace fsdfs::client {

class LocalVisitor {
 public:
  virtual ~LocalVisitor() = default;
  // Before what is in it. False: leave it out. `name` is its own, `path` the whole one.
  virtual bool enter(const std::string& path, const std::string& name, const struct stat& info) = 0;
  virtual void leave() = 0;
  // A regular file, or what is none: links, pipes, devices.
  virtual void file(const std::string& path, const std::string& name, const struct stat& info) = 0;
  virtual void failed(const std::string& path, const Status& status) = 0;
  virtual bool stop() = 0;  // asked before each entry
};

// What is below `root`, which itself is not entered. `follow`: symbolic links are taken for what they lead
// to; a directory that is on the path already is left out then, as failed.
void walk_local(const std::string& root, bool follow, LocalVisitor& visitor);

}  // namespace fsdfs::client
