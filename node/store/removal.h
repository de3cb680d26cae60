// Removal: the deletion of several replicas from one disk at once, so that each directory is synced once.
// Internal to node/store.
//
// Steps, in this order: unlink; sync; forget (index, quota). After a crash in between, a replica is gone or
// whole, and in either case the next start's inventory says so. For one thread, which has the claims of all
// of them and reports how it ended; ends before its store.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/status.h"
#include "node/store/store_core.h"

namespace fsdfs::node {

class Removal {
 public:
  Removal(StoreCore& core, const std::vector<ReplicaId>& replicas);

  // Does it all; for each replica how it ended. What is not held is fine.
  const std::map<ReplicaId, Status>& run();

 private:
  void find_and_unlink(const ReplicaId& replica, Status& status);
  Status unlink(const IndexRow& row);
  void sync();
  void forget();

  StoreCore& core_;
  std::map<ReplicaId, Status> statuses_;
  std::map<ReplicaId, IndexRow> held_;                         // those that were held
  std::map<std::string, std::vector<ReplicaId>> directories_;  // to be synced, with what went from each
};

}  // namespace fsdfs::node
