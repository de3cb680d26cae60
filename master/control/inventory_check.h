// What a node says of its inventory, held against what is recorded of it: pure over a view of the store, a
// bounded number of rows at a time. Called by the control loop, on the threads that bring the messages.
//
// Only a range whose every row is whole and of its file's current version can agree with the records: of
// another version the records do not know the content, a bad one may have any, and of an unknown replica
// there is no row. Ranges with such replicas differ and travel: that costs bytes, and brings each before the
// rules of replica_changes.h.
#pragma once

#include <vector>

#include "common/status.h"
#include "master/control/node_messages.h"
#include "master/store/store.h"

namespace fsdfs::master {

struct RangesVerdict {
  uint64_t differing = 0;          // ranges
  std::vector<ReplicaSpan> spans;  // that they cover, neighbours joined; ascending
};
Result<RangesVerdict> check_ranges(ReadView& view, const NodeId& node, const InventoryRanges& told);

struct PageVerdict {
  ReplicaId upto;                      // of the page's span, what was looked at: the rest must come again
  std::vector<HeldReplica> differing;  // what the records do not agree with
  std::vector<ReplicaId> missing;      // what is recorded and was not named
};
// Looks at `rows_max` rows at most.
Result<PageVerdict> check_page(ReadView& view, const NodeId& node, const InventoryPage& page,
                               size_t rows_max);

}  // namespace fsdfs::master
