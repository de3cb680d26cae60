// What the master orders a node to copy, and how it ended. Plain values.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "node/store/replica.h"

namespace fsdfs::node {

struct CopySource {
  NodeId node;
  std::string address;
};

struct CopyOrder {
  OrderId order;
  Epoch epoch;  // of the master that gave it
  ReplicaId replica;
  Content content;
  std::vector<CopySource> sources;  // best first
  std::string ticket;
  Origin origin;
};

// An order that failed; success shows as a change of the store.
struct OrderFailure {
  OrderId order;
  Epoch epoch;
  Status status;
  NodeId failed_source;  // none: no source was at fault
};
using FailureSink = std::function<void(const OrderFailure&)>;

}  // namespace fsdfs::node
