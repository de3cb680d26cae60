// ChangeLog: what changed among a node's replicas and the master has not yet acknowledged (proto Change).
//
// Numbers grow by one within an incarnation. The store adds; the link sends and forgets. Bounded: beyond
// kPendingMax the oldest are dropped and overflowed() says that only a new inventory can tell the master the
// truth; so it is when a whole disk is lost. Thread-safe. Nothing survives the process: its next start begins
// with an inventory.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "common/clock.h"
#include "node/store/replica.h"

namespace fsdfs::node {

struct Change {
  uint64_t sequence = 0;
  bool removed = false;  // else added (or quarantined), as `held` says
  HeldReplica held;      // of a removal only the id counts
};

class ChangeLog {
 public:
  static constexpr size_t kPendingMax = 1 << 18;

  // Called after each change, without a lock held, by the thread that made it. Set before the first change;
  // it must stay callable until it is set to nothing.
  void set_listener(std::function<void()> listener);

  void added(const HeldReplica& held);
  void removed(const ReplicaId& replica);

  uint64_t last_sequence() const;  // 0: none yet
  // Those after `sequence`, oldest first.
  std::vector<Change> pending_after(uint64_t sequence, size_t limit) const;
  size_t pending() const;
  size_t pending_added(uint64_t up_to) const;  // those up to this sequence that are no removals
  bool overflowed() const;
  // What is held has changed beyond what changes can say: a new inventory is due, and another one at `again`,
  // because a client that has a receipt for what is lost may bring it to the master after the first one.
  void start_over(MonotonicTime again);
  // It has overflowed, or is to start over.
  bool inventory_due(MonotonicTime now);

  // Everything up to `sequence` is known to the master.
  void acknowledge(uint64_t sequence);
  // A new inventory begins, which covers everything up to the sequence that is returned.
  uint64_t restart();

 private:
  void push(Change change);

  mutable std::mutex mutex_;  // guards all below
  std::deque<Change> pending_;
  uint64_t last_ = 0;
  bool overflowed_ = false;
  std::optional<MonotonicTime> again_;
  std::function<void()> listener_;
};

}  // namespace fsdfs::node
