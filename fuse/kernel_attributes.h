// The swarm's attributes as stat(2) shows them. Pure functions.
#pragma once

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "client/types.h"
#include "fuse/file_system.h"

namespace fsdfs::fuse {

// S_IFREG and its like; 0 when unknown.
mode_t type_bits(client::FileType type);

struct stat stat_of(const client::Attributes& attributes);

struct statvfs statvfs_of(const Space& space);

}  // namespace fsdfs::fuse
