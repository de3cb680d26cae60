// Inventory: what one stream tells the master of all that is held: first digests of ranges, a walk over the
// index in the order of ids; then, for the spans of them that the master asks for, the replicas themselves.
// Those are looked up when they are sent, not when they were digested: what changes meanwhile is reported as
// a change, too (attendance.h).
//
// next() is the sender's, ask() the receiver's. Nothing survives the stream.
#pragma once

#include <deque>
#include <mutex>
#include <optional>

#include "common/inventory.h"
#include "common/status.h"
#include "fsdfs/registry.pb.h"
#include "node/store/store.h"

namespace fsdfs::node {

class Inventory {
 public:
  struct Sizes {
    size_t range = 1024;            // replicas
    size_t ranges_in_message = 16;  // so that a message costs the master little time
    size_t page = 4096;             // replicas
  };
  static constexpr size_t kAskedMax = 1 << 16;  // spans that wait

  explicit Inventory(ReplicaStore& store) : Inventory(store, Sizes()) {}
  Inventory(ReplicaStore& store, const Sizes& sizes) : store_(store), sizes_(sizes) {}

  // The next message, pages that were asked for first; none: there is nothing more to say for now.
  Result<std::optional<v1::NodeMessage>> next();
  // kInvalidArgument: a span that is empty. kResourceExhausted: more than kAskedMax of them wait.
  Status ask(const v1::InventoryRequest& request);

 private:
  Result<v1::NodeMessage> next_ranges();
  Result<v1::NodeMessage> next_page(const ReplicaSpan& span);

  ReplicaStore& store_;
  const Sizes sizes_;
  ReplicaId told_;  // the sender's: ranges were told up to here

  std::mutex mutex_;
  std::deque<ReplicaSpan> asked_;  // guarded by mutex_
};

}  // namespace fsdfs::node
