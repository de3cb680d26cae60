// How a chain says which of its members failed, so that a client can go on without that one: a Status
// UNAVAILABLE whose message begins "node <uuid> failed: ". Members pass it on unchanged. Functions without
// state.
#pragma once

#include <optional>
#include <string_view>

#include "common/ids.h"
#include "common/status.h"

namespace fsdfs::node {

// What `member` has to answer for. A status that already names a failed member stays as it is; so do the ones
// that are no fault of a member: no space, and a ticket, session or request that is not right.
Status blame(const NodeId& member, const Status& status);

// The member that the status names.
std::optional<NodeId> blamed(const Status& status);

}  // namespace fsdfs::node
