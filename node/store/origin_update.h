// OriginUpdate: what the sidecars on one disk say of their files (parent, name, mode and so on) is brought to
// what the master says now. Internal to node/store.
//
// Of many at once, so that each directory is synced once: a sidecar is staged, synced and renamed over the
// old one under the replica's claim, so that a removal or quarantine at the same moment finds the old or the
// new one; sync() makes the names durable, and only then notes in the index what the sidecars say. One that
// says the same but for the counter is left alone. Crash: each sidecar is the old or the new one; what the
// index does not know of is done again. The tree follows the index. For one thread; ends before its store.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/status.h"
#include "node/store/store_core.h"

namespace fsdfs::node {

class OriginUpdate {
 public:
  explicit OriginUpdate(StoreCore& core) : core_(core) {}

  // `row`: of a replica on this disk. `file`: what is said of its inode; in a `present_state` a counter that
  // is known says nothing, as it may have been counted anew. Replicas of older versions keep what their
  // sidecars say. One that is quarantined or goes meanwhile is passed over.
  Status add(const IndexRow& row, const FileRecord& file, bool present_state);
  Status sync();
  // Whose sidecars turned out damaged or missing, and how.
  const std::vector<std::pair<ReplicaId, Status>>& bad() const { return bad_; }

 private:
  // False: there is nothing to be noted of it.
  Result<bool> rewrite(const ReplicaId& replica, const Origin& origin);
  Status replace_sidecar(const Description& description);

  StoreCore& core_;
  std::set<std::string> directories_;  // to be synced
  std::vector<std::pair<ReplicaId, Status>> bad_;
  std::vector<IndexRow> before_;
  std::vector<IndexRow> after_;  // of the same replicas
};

}  // namespace fsdfs::node
