// What a replica shall say of its file on the disk, as the records have it now. Pure over a view.
#pragma once

#include "common/status.h"
#include "master/store/store.h"

namespace fsdfs::master {

// Of a regular file, in the trash too. A file with several names is told by one of them, always the same
// while it lasts.
Result<ReplicaOrigin> origin_of(ReadView& view, const Inode& inode);

}  // namespace fsdfs::master
