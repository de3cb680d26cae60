// What would be lost with a node: the files of which it holds the only whole copy that counts. Pure over a
// view of the records and one of the swarm; page by page, since a node may hold a million replicas.
#pragma once

#include <string>
#include <vector>

#include "common/status.h"
#include "master/control/swarm_view.h"
#include "master/store/store.h"

namespace fsdfs::master {

struct SoleCopy {
  InodeId inode;
  std::string path;  // empty: it has no name
  uint64_t size = 0;
};

struct SoleCopyPage {
  std::vector<SoleCopy> found;
  size_t looked_at = 0;  // replica records
  ReplicaId last;        // where the next page starts
  bool end = false;
};

// The node counts as if it were up, and nodes that are dead or being removed as if they were not there.
// Deleted files in the trash are not named: no node is kept for them.
Result<SoleCopyPage> sole_copies(ReadView& view, const SwarmView& swarm, const NodeId& node,
                                 const ReplicaId& after, size_t limit);

}  // namespace fsdfs::master
