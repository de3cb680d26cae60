// Walking the swarm's directories, for get, rm, ls, tree and target.
//
// Used by one thread. Memory is one page of entries for each directory on the path. Names from the swarm are
// checked before anybody makes a local path of them (invariant 10).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "client/swarm_client.h"
#include "client/types.h"
#include "common/status.h"

namespace fsdfs::client {

// All entries of one directory, in the order of cookies; `visit` returns false to stop.
Status for_each_entry(SwarmClient& client, const Place& directory,
                      const std::function<bool(DirectoryEntry&)>& visit);
// The same, by name.
Result<std::vector<DirectoryEntry>> sorted_entries(SwarmClient& client, const Place& directory);

class SwarmVisitor {
 public:
  virtual ~SwarmVisitor() = default;
  // Before what is in it. False: leave it out. `path` is what the walk began with, and names below it.
  virtual bool enter(const std::string& path, const DirectoryEntry& directory, InodeId parent) = 0;
  virtual void leave(const std::string& path, const DirectoryEntry& directory, InodeId parent) = 0;
  // Anything but a directory.
  virtual void file(const std::string& path, const DirectoryEntry& entry, InodeId parent) = 0;
  virtual void failed(const std::string& path, const Status& status) = 0;
  virtual bool stop() = 0;  // asked before each entry
};

// What is below the directory `root`, shown as `path`; it itself is not entered.
void walk_swarm(SwarmClient& client, InodeId root, const std::string& path, SwarmVisitor& visitor);

}  // namespace fsdfs::client
