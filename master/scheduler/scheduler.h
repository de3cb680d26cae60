// The Scheduler: decides which copy of which file goes where, and which goes away (DESIGN 5).
//
// Its one job is to keep min(K-N) over all files as high as it can be. Facts go in (below), `tick(now)` gives
// orders out. It has no threads, no clock, no I/O; the same facts in the same order give the same orders.
//
// Called by: the master's control thread, which owns it, and tests/sim. Not thread-safe.
//
// The database is the truth. What is held here is derived from it and is lost with the process: at a start
// the caller replays node_changed for all nodes, then file_changed for all files, then replica_added and
// replica_deleting for all replica records, in any order within each kind. Facts are told after their commit.
//
// Invariants (DESIGN 3) that this class keeps:
//   2  eviction strictly helps; min_copies; no last copy is evicted (the trash aside); scheduling ends. A
//      victim may give way to a file by way of another one that is moved (relocation.h).
//   3  a delete names exactly (inode, version), and is only ordered while enough other verified copies are on
//      nodes that are up
//   4  nothing is deleted before every holder of the file has reported in this epoch (node_reported) or died
//
//   7  copies and sessions are only let in where used + arriving bytes stay within the quota
//
// What K counts here: for health and for the file in need, whole current copies on nodes that are not dead
// (for the one in need without draining nodes, whose copies are about to leave, and with copies in flight);
// for a victim only those on nodes that are up, have reported and are not draining, less deletions ordered.
//
// Cost: a fact O(K log files); a decision O(nodes + K log files). What concerns many files at once (a node's
// death, a refill of the queues) is done by a sweep over all files, at most files_swept_per_tick of them a
// tick. Memory: about 60 bytes a file with three copies.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "master/scheduler/types.h"
#include "master/scheduler/what_if.h"

namespace fsdfs::master {

class SchedulerCore;

class Scheduler {
 public:
  explicit Scheduler(const SchedulerSettings& settings = {}, const SchedulerGuards& guards = {});
  ~Scheduler();
  Scheduler(Scheduler&&) noexcept;
  Scheduler& operator=(Scheduler&&) noexcept;

  // kInvalidArgument names the setting that makes no sense; then nothing changes.
  Status set_settings(const SchedulerSettings& settings);
  // After restore, promote and rebuild the records may not know every holder: with true nothing is deleted
  // until every node has reported or is dead. It ends by itself when they have.
  void set_recovering(bool recovering);

  // ---- nodes: unknown ids are ignored where no Status is returned ----
  // A node appears, or anything about it changes: heartbeats, admin states, liveness.
  Status node_changed(const NodeInfo& info);
  // It started anew: copies under way to it are lost, and it must report again.
  void node_restarted(NodeId node);
  // Its whole inventory has been reconciled: its records are right as of now.
  void node_reported(NodeId node);
  // It will not come back; its replica records are gone.
  void node_removed(NodeId node);

  // ---- files ----
  // A file appears, or anything about it changes. A newer version makes the copies of the older one old:
  // they stop counting, and occupy space until the current one is whole elsewhere. An older version than the
  // known one is refused (kFailedPrecondition/kStaleVersion).
  Status file_changed(const FileInfo& info);
  // Cheaper than file_changed. Unknown files are ignored.
  void weight_changed(InodeId inode, float weight);
  // It was read so often about that time: counts in its weight, which must be one of read_weight.h. Returns
  // the new weight, for who keeps it; kNeverRead for unknown and deleted files.
  float reads_noted(InodeId inode, uint64_t reads, WallTime at);
  // Purged: every copy of it is to be deleted, with kFileRemoved. The caller keeps a tombstone for each.
  void file_removed(InodeId inode);

  // ---- replicas ----
  // A whole, verified replica is in place on the node. Ends the copy order that made it. Of an older version
  // than the current: it is old. Refused, and not to be deleted (invariant 11): an unknown file (kNotFound),
  // a version newer than the current (kFailedPrecondition/kStaleVersion), an unknown node (kNotFound).
  Status replica_added(InodeId inode, Version version, uint64_t size, NodeId node);
  // It is no longer there, deleted as ordered or lost or found bad (its bytes are then in other_bytes until
  // they are gone).
  void replica_removed(InodeId inode, Version version, NodeId node);
  // Its deletion was ordered before (a tombstone, or a durable order of an earlier epoch): it does not count,
  // and is ordered again when invariant 4 allows.
  Status replica_deleting(InodeId inode, Version version, uint64_t size, NodeId node);

  // ---- how orders went ----
  // The order is done. Call replica_added first; without it the copy is not there.
  void copy_finished(OrderId order);
  void copy_failed(OrderId order, CopyFailure why, MonotonicTime now);
  // The delete order was not carried out and never will be; the replica counts again.
  void delete_failed(InodeId inode, Version version, NodeId node);

  // ---- sessions ----
  // Chooses the chain of a session and reserves its space. Idempotent by session: ask again after kWait.
  // Orders that it causes come out of the next tick.
  Admission admit(const AdmitRequest& request, MonotonicTime now);
  // More bytes on every member. The chain stays; a member without room is named in the refusal.
  Admission extend(SessionId session, uint64_t more_bytes, MonotonicTime now);
  // The session ended: its reservation is freed. Before the replica_added of what it made.
  void release(SessionId session);

  // ---- the turn ----
  TickResult tick(MonotonicTime now);

  // ---- questions; none changes anything ----
  Health health() const;
  std::optional<NodeView> node(NodeId node) const;
  std::vector<NodeView> nodes() const;
  Explanation why(InodeId inode) const;
  // Nodes with a whole current copy that are not dead; up and not draining first.
  std::vector<NodeId> holders(InodeId inode) const;
  // See what_if.h. A walk over all files: as long as a few turns. None: no such node.
  std::optional<WhatIf> what_if_lost(NodeId node) const;
  WhatIf what_if_added(uint64_t quota) const;
  size_t resident_bytes() const;  // what the tables and queues hold

 private:
  std::unique_ptr<SchedulerCore> core_;
};

}  // namespace fsdfs::master
