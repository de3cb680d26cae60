// What a node holds, held against what is recorded of it. Pure over a view; a page at a time.
//
// Reports are on their way while this looks, so that what it finds is a suspicion until it shows again after
// they have come through: who asks, asks twice.
#pragma once

#include <map>
#include <vector>

#include "common/status.h"
#include "master/integrity/finding.h"

namespace fsdfs::master {

using Holdings = std::map<ReplicaId, HeldReplica>;

// Ids of which node and records do not agree, in the order of ids: those above `after`, up to and with
// `last`. `held`: all that the node holds of these.
Result<std::vector<ReplicaId>> suspicions(ReadView& view, const NodeId& node, const ReplicaId& after,
                                          const ReplicaId& last, const Holdings& held);

// What is wrong with these ids, if anything is.
Result<Findings> check_holdings(ReadView& view, const NodeId& node, const std::vector<ReplicaId>& ids,
                                const Holdings& held);

}  // namespace fsdfs::master
