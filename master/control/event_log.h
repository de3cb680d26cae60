// EventLog: what the swarm decided and did, the last kEventsKept of it, for `fsdfs events`.
//
// The control loop and the services add; the event feed reads. Adding costs a short lock and the copy of a
// plain value: no text is made before somebody reads (event_text.h), but for the rare events that carry one.
// Whoever follows is woken by flush(), which the loop calls once a turn, not by each event.
//
// Thread-safe. Nothing survives the process; a sequence carries the epoch in which the log began in its high
// bits, so that those of a later master are above all of an earlier one's.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "master/registry/node_state.h"
#include "master/scheduler/types.h"

namespace fsdfs::master {

inline constexpr size_t kEventsKept = 65'536;

enum class EventKind : uint8_t {
  kMasterStarted,
  kCopyOrdered,     // cause: CopyCause
  kDeleteOrdered,   // cause: DeleteCause
  kCancelOrdered,   // cause: CancelCause
  kCopied,          // size, took
  kCopyFailed,      // text
  kDeleted,         // as ordered
  kDeletionFailed,  // text
  kReplicaLost,     // gone without an order
  kReplicaBad,      // quarantined
  kReplicaUnknown,  // held, and known to nobody
  kNodeJoined,      // attends; text: from where
  kNodeLeft,        // no longer attends
  kNodeUp,
  kNodeSilent,
  kNodeDead,
  kNodeRefused,  // text
  kNodeAdmin,    // cause: AdminState
  kNodeRemoved,
  kSessionRefused,  // text
  kSessionExpired,
  kDiskFailed,  // text
  kWarning,     // text
  kScrubOrdered,
};

struct Event {
  EventKind kind = EventKind::kWarning;
  uint8_t cause = 0;       // of the kind's enum
  bool repeated = false;   // a deletion ordered before
  uint64_t sequence = 0;   // the log's
  WallTime time{};         // the log's
  NodeId node = {};        // where; none: nowhere
  ReplicaId replica = {};  // of what; none: of no file
  uint64_t size = 0;       // bytes
  double surplus = 0;      // K-N that an order was given for
  InodeId by_way_of = {};  // of a deletion: as in DeleteOrder
  uint64_t for_whom = 0;   // the inode or session that a copy gives way to
  Duration took{};
  std::string text = {};  // of events that are rare
};

// An order as an event, and back (without its sources and number), for the text.
Event event_of(const Order& order);
Order order_of(const Event& event);

class EventLog {
 public:
  // `epoch`: the master's at its start.
  EventLog(const Clock& clock, Epoch epoch, size_t kept = kEventsKept);

  void add(Event event);
  // Calls the listener if anything was added since the last call.
  void flush();
  // At most one; null: none. Called on the loop's thread, must be quick.
  void set_listener(std::function<void()> listener);

  struct Page {
    std::vector<Event> events;
    uint64_t missed = 0;  // between `sequence` and the first, no longer kept
  };
  // Those after `sequence`, oldest first.
  Page after(uint64_t sequence, size_t limit) const;
  // Such that after() gives the last `count`.
  uint64_t before_last(size_t count) const;
  Epoch epoch() const { return epoch_; }

 private:
  uint64_t sequence_of(uint64_t number) const { return compose_with_epoch(epoch_, number); }
  uint64_t oldest() const { return added_ - ring_.size() + 1; }  // its number; mutex_ is held

  const Clock& clock_;
  const Epoch epoch_;
  const size_t kept_;

  mutable std::mutex mutex_;
  std::vector<Event> ring_;  // guarded by mutex_, as all below; number n at (n - 1) % kept_
  uint64_t added_ = 0;
  uint64_t told_ = 0;  // of these, when the listener was last called
  std::function<void()> listener_;
};

}  // namespace fsdfs::master
