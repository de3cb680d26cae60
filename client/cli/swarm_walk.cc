#include "client/cli/swarm_walk.h"

#include <algorithm>

#include "common/path.h"

namespace fsdfs::client {

Status for_each_entry(SwarmClient& client, const Place& directory,
                      const std::function<bool(DirectoryEntry&)>& visit) {
  for (uint64_t after = 0;;) {
    FSDFS_ASSIGN(DirectoryPage page, client.read_directory(directory, after, 0));
    for (DirectoryEntry& entry : page.entries) {
      after = entry.cookie;
      FSDFS_TRY(check_name(entry.name));
      if (!visit(entry)) return {};
    }
    if (page.end) return {};
    if (page.entries.empty())
      return internal_error("the master sent an empty page of a directory that goes on");
  }
}

Result<std::vector<DirectoryEntry>> sorted_entries(SwarmClient& client, const Place& directory) {
  std::vector<DirectoryEntry> entries;
  FSDFS_TRY(for_each_entry(client, directory, [&](DirectoryEntry& entry) {
    entries.push_back(std::move(entry));
    return true;
  }));
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

void walk_swarm(SwarmClient& client, InodeId root, const std::string& path, SwarmVisitor& visitor) {
  Status status = for_each_entry(client, place_of(root), [&](DirectoryEntry& entry) {
    if (visitor.stop()) return false;
    std::string below = join_path(path, entry.name);
    if (!entry.attributes.is_directory()) {
      visitor.file(below, entry, root);
    } else if (visitor.enter(below, entry, root)) {
      walk_swarm(client, entry.attributes.inode, below, visitor);
      visitor.leave(below, entry, root);
    }
    return true;
  });
  if (!status.ok()) visitor.failed(path, status);
}

}  // namespace fsdfs::client
