// Nodes as people name them: by id, by a unique prefix of it, or by address. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "master/store/records.h"

namespace fsdfs::master {

// kFailedPrecondition where that is none of them or several: the message lists those that it could be.
Result<NodeRecord> find_node(const std::vector<NodeRecord>& nodes, std::string_view named);

}  // namespace fsdfs::master
