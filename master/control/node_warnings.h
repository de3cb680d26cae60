// What `status` says of nodes that wait for somebody: draining, drained, being removed, with a failed disk.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "master/control/swarm_view.h"

namespace fsdfs::master {

// Nothing depends on the node any more: every file has its copies (or as many as there can be) elsewhere.
bool is_drained(const NodeStatus& node);
std::vector<std::string> node_warnings(const SwarmView& swarm);

}  // namespace fsdfs::master
