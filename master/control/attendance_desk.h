// AttendanceDesk: the nodes' streams. A node that said hello is registered, attached, its inventory is held
// against the records, and from then on its reports keep them right.
//
// A reconciliation: what the node holds and the records do not agree with is applied as it comes; when the
// inventory is complete, rows of the node that it did not name are dropped, a page a turn, so that a million
// replicas never stop the loop. Rows made meanwhile (row_changed) are left alone. Part of the control loop;
// on its thread only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "master/control/control_context.h"
#include "master/control/fact_feeder.h"
#include "master/control/order_desk.h"
#include "master/control/replica_changes.h"

namespace fsdfs::master {

using Acknowledged = std::function<void()>;  // the next message may come

class AttendanceDesk final : public RowWatcher {
 public:
  AttendanceDesk(ControlContext& context, OrderDesk& orders) : context_(context), orders_(orders) {}

  // The node is registered and alive; `attendance` is a number that no other has.
  void attach(uint64_t attendance, const NodeHello& hello, std::shared_ptr<NodeLink> link);
  void detach(uint64_t attendance);
  // `keys`: all that the message names; `differing`: of these, what the records do not agree with.
  void inventory(uint64_t attendance, const std::vector<ReplicaId>& keys, std::vector<HeldReplica> differing,
                 bool last);
  struct Reporter {
    NodeId node;
    Incarnation incarnation;
  };
  // Who reports; none when the attendance has ended.
  std::optional<Reporter> report(uint64_t attendance, NodeReport report);
  void outcome(uint64_t attendance, const OrderOutcome& outcome);
  void row_changed(const ReplicaRecord& row) override;
  // Ends every stream.
  void close_all(const Status& why);

  // Goes on with reconciliations. True when there is more to do at once.
  bool turn();

 private:
  struct Attendance {
    NodeId node;
    Incarnation incarnation;
    uint64_t submitted = 0;     // changes up to here are on their way through the writer
    uint64_t acknowledged = 0;  // or recorded

    bool joining = true;          // the inventory is not reconciled yet
    bool complete = false;        // it has all come
    bool scanned = false;         // the rows have been held against it
    size_t writes = 0;            // that the reconciliation waits for
    bool failed = false;          // one of them: the node must attend anew
    std::vector<ReplicaId> held;  // sorted once complete
    std::set<ReplicaId> touched;  // rows made since the hello
    ReplicaId cursor;
  };
  using Held = std::vector<HeldReplica>;

  Attendance* find(uint64_t attendance);
  void send(const Attendance& attendance, const MasterMessage& message);
  void note_disks(KnownNode& node, std::vector<DiskReport> disks);
  void apply_changes(uint64_t id, Attendance& attendance, const std::vector<NodeChange>& changes);
  void note_verified(const NodeId& node, std::vector<VerifiedReplica> verified);
  void submit_held(uint64_t id, Attendance& attendance, std::shared_ptr<Held> held);
  using Gone = std::pair<ReplicaId, ReplicaState>;  // what it was until then
  void note_gone(const NodeId& node, const std::vector<Gone>& gone);
  void forget_unknown(const NodeId& id, const std::vector<NodeChange>& changes);
  void note_verdicts(const NodeId& node, const Held& held, const std::vector<Verdict>& verdicts);
  void scan(uint64_t id, Attendance& attendance);
  void drop_missing(uint64_t id, Attendance& attendance, std::vector<ReplicaId> missing);
  void write_ended(uint64_t id, bool ok);
  void finish_if_done(uint64_t id, Attendance& attendance);
  RetireRule retire_rule() const;

  ControlContext& context_;
  OrderDesk& orders_;
  std::map<uint64_t, Attendance> attendances_;
};

}  // namespace fsdfs::master
