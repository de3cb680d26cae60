#include "master/control/sole_copies.h"

#include <algorithm>

#include "master/namespace/inode_path.h"

namespace fsdfs::master {

Result<SoleCopyPage> sole_copies(ReadView& view, const SwarmView& swarm, const NodeId& node,
                                 const ReplicaId& after, size_t limit) {
  FSDFS_ASSIGN(auto rows, view.replicas_on(node, after, limit));
  SoleCopyPage page;
  page.looked_at = rows.size();
  page.end = rows.size() < limit;
  page.last = rows.empty() ? after : rows.back().replica;
  InodePaths paths(view);
  for (const ReplicaRecord& row : rows) {
    if (row.state != ReplicaState::kWhole) continue;
    FSDFS_ASSIGN(auto all, view.replicas(row.replica.inode));
    bool elsewhere = std::any_of(all.begin(), all.end(), [&](const ReplicaRecord& other) {
      return other.node != node && other.replica == row.replica && other.state == ReplicaState::kWhole &&
             swarm.is_live(other.node);
    });
    if (elsewhere) continue;
    FSDFS_ASSIGN(auto inode, view.inode(row.replica.inode));
    if (!inode || inode->in_trash()) continue;
    FSDFS_ASSIGN(std::string path, paths.path(row.replica.inode));
    page.found.push_back({row.replica.inode, std::move(path), row.size});
  }
  return page;
}

}  // namespace fsdfs::master
