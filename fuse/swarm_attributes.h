// The swarm as extended attributes: user.fsdfs.replicas, .target, .copies, .version, .inode. Pure functions.
//
//   replicas  the addresses of the nodes that hold the current version whole, with commas between, best known
//             first; a node that is dead is left out
//   target    N, as short as it reads back ("3", "2.5")
//   copies    K
//   version   EPOCH.COUNTER of the content
//   inode     the inode number
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/types.h"
#include "common/status.h"

namespace fsdfs::fuse {

// Those that a file of this type has: all for a regular file, the inode for any other.
std::vector<std::string> swarm_attribute_names(client::FileType type);

// True for names that swarm_attribute can have an answer for; all others need not bother the master.
bool is_swarm_attribute(std::string_view name);

// kNotFound with kNoSuchAttribute (ENODATA) when there is no such attribute.
Result<std::string> swarm_attribute(const client::FileStat& stat, std::string_view name);

}  // namespace fsdfs::fuse
