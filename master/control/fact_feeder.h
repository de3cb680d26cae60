// FactFeeder: committed records in, facts for the scheduler out; and the whole state at the start, read in
// pages. What the database says and what the scheduler believes meet here and nowhere else. Part of the
// control loop; on its thread only (loading: before the loop runs).
#pragma once

#include <set>

#include "master/control/control_context.h"
#include "master/control/order_desk.h"
#include "master/sessions/leases.h"

namespace fsdfs::master {

// Told of rows of a node that changed, so that a reconciliation in progress does not take them for missing.
class RowWatcher {
 public:
  virtual ~RowWatcher() = default;
  virtual void row_changed(const ReplicaRecord& row) = 0;
};

class FactFeeder {
 public:
  FactFeeder(ControlContext& context, OrderDesk& orders, Leases& leases, RowWatcher& watcher)
      : context_(context), orders_(orders), leases_(leases), watcher_(watcher) {}

  Status load(ReadView& view);
  void apply(const LogEntry& entry);
  // False: nothing in it concerns the control loop.
  static bool concerns(const LogEntry& entry);

 private:
  void load_session(const SessionRecord& session);
  void node_changed(const NodeRecord& record);
  void inode_changed(const Inode& inode);
  void replica_changed(const ReplicaRecord& replica);
  void replica_removed(const ReplicaId& id, const NodeId& node);
  void session_opened(const SessionRecord& session);
  void session_closed(SessionId session);
  void set_quarantined(const NodeId& node, const ReplicaId& replica, bool quarantined, uint64_t size);
  void forget_unknown(const NodeId& node, const ReplicaId& replica);
  void check(const Status& status, const ReplicaId& replica);

  ControlContext& context_;
  OrderDesk& orders_;
  Leases& leases_;
  RowWatcher& watcher_;
  std::set<SessionId> restored_;  // open since before the master's start
};

}  // namespace fsdfs::master
