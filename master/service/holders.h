// Which holders a client should ask first: up before silent, slow ones after the others, then its own host,
// its own zone, the least loaded. Pure.
#pragma once

#include <string>
#include <vector>

#include "master/control/swarm_view.h"
#include "master/store/records.h"

namespace fsdfs::master {

// Where the client is; empty: unknown.
struct ClientSite {
  std::string host;
  std::string zone;
};

// Nodes that hold a whole copy of the inode's version and are not dead, best first. The pointers are the
// view's.
std::vector<const NodeStatus*> order_holders(const Inode& inode, const std::vector<ReplicaRecord>& replicas,
                                             const SwarmView& swarm, const ClientSite& client);

}  // namespace fsdfs::master
