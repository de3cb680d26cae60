// RemovalDesk: nodes on their way out. A removal is first made durable in the node's record (kRemoving): from
// then on its copies no longer count and it may not attend. Its replica records go in bounded batches, one
// operation of the store after the other, and the node's record goes last, in the operation that finds no
// more of them. A master that dies in between goes on at its next start.
//
// A removed node that comes back is a new one: its key is pinned anew, and its inventory is reconciled like
// any other. What is still current counts again, what was deleted meanwhile is deleted by its tombstone, the
// rest stays aside.
//
// Part of the control loop; on its thread only, but for RemovalWatch.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "master/control/control_context.h"

namespace fsdfs::master {

// How a removal goes, for one who waits. Thread-safe.
class RemovalWatch {
 public:
  struct State {
    bool begun = false;           // durable: it goes on whoever waits
    uint64_t removed = 0;         // replica records
    std::optional<Status> ended;  // ok: the node is gone
  };
  // Returns when the state is another than `seen`, ended, or the time is up.
  State wait(const State& seen, Duration at_most) const;
  void begin();
  void removed(uint64_t count);
  void end(const Status& status);

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  State state_;  // guarded by mutex_
};

class RemovalDesk {
 public:
  explicit RemovalDesk(ControlContext& context) : context_(context) {}

  // Refused through the watch: kFailedPrecondition when the node is not known or attends. A removal under way
  // is joined.
  void begin(const NodeId& id, std::shared_ptr<RemovalWatch> watch);
  // Its record says kRemoving: by our own doing, or since before the master's start.
  void marked(const NodeId& id);
  // Its record is gone.
  void gone(const NodeId& id);
  // Goes on with all removals; with what could not be written, after a while.
  void turn();
  // Who waits is told that the master ends.
  void stop();

 private:
  struct Removal {
    bool marked = false;
    bool writing = false;
    MonotonicTime not_before{};  // after a failure
    uint64_t removed = 0;
    std::vector<std::shared_ptr<RemovalWatch>> watches;
  };
  void mark(const NodeId& id, Incarnation incarnation);
  void remove_batch(const NodeId& id);
  void batch_ended(const NodeId& id, size_t removed, const Status& status);
  void refuse(const NodeId& id, const Status& status);

  ControlContext& context_;
  std::map<NodeId, Removal> removals_;
};

}  // namespace fsdfs::master
