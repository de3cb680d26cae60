// AttendanceDesk: the nodes' streams. A node that said hello is registered, attached, its inventory is held
// against the records, and from then on its reports keep them right.
//
// A reconciliation: the node tells digests of ranges; those that agree with the records are done with, of the
// others it is asked to name what it holds (inventory_check.h: on the threads that bring the messages, so
// that a million replicas never stop the loop). Of these, what the records do not agree with is applied as it
// comes, and rows that were not named are dropped; rows made since the hello (row_changed) are left alone,
// because the node may have come to hold them after it looked. Changes are reported beside that and applied
// in the order in which they come: a page says what was held when it was sent. It ends once every id has been
// spoken of and all is recorded. An attendance that breaks off leaves nothing behind that the next one relies
// on. Part of the control loop; on its thread only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "master/control/control_context.h"
#include "master/control/fact_feeder.h"
#include "master/control/inventory_check.h"
#include "master/control/order_desk.h"
#include "master/control/reconciliation.h"
#include "master/control/replica_changes.h"

namespace fsdfs::master {

using Acknowledged = std::function<void()>;  // the next message may come

class AttendanceDesk final : public RowWatcher {
 public:
  AttendanceDesk(ControlContext& context, OrderDesk& orders) : context_(context), orders_(orders) {}

  // Ends the node's attendance, if it has one: nothing more of what it said there is given to the writer.
  void end_former(const NodeId& node);
  // The node is registered and alive, and does not attend; `attendance` is a number that no other has.
  void attach(uint64_t attendance, const NodeHello& hello, std::shared_ptr<NodeLink> link);
  void detach(uint64_t attendance);
  // The link is closed with the reason; the node will attend anew.
  void give_up(uint64_t attendance, const Status& why);
  void ranges_came(uint64_t attendance, const InventoryRanges& told, const RangesVerdict& verdict);
  // `named`: how many replicas the page had.
  void page_came(uint64_t attendance, const ReplicaSpan& span, size_t named, PageVerdict verdict);
  struct Reporter {
    NodeId node;
    Incarnation incarnation;
  };
  // Who reports; none when the attendance has ended.
  std::optional<Reporter> report(uint64_t attendance, NodeReport report);
  std::optional<Reporter> reporter(uint64_t attendance);
  void outcome(uint64_t attendance, const OrderOutcome& outcome);
  void row_changed(const ReplicaRecord& row) override;
  // Ends every stream.
  void close_all(const Status& why);

 private:
  struct Attendance {
    NodeId node;
    Incarnation incarnation;
    uint64_t submitted = 0;     // changes up to here are on their way through the writer
    uint64_t acknowledged = 0;  // or recorded
    uint64_t repetition = 0;  // counts the writes that failed: what was submitted before is not acknowledged

    bool joining = true;  // the inventory is not reconciled yet
    Reconciliation inventory;
    InventoryFigures figures;
    size_t writes = 0;            // that the reconciliation waits for
    bool failed = false;          // one of them: the node must attend anew
    std::set<ReplicaId> touched;  // rows made since the hello
  };
  using Held = std::vector<HeldReplica>;

  Attendance* find(uint64_t attendance);
  void send(const Attendance& attendance, const MasterMessage& message);
  void note_disks(KnownNode& node, std::vector<DiskReport> disks);
  void apply_changes(uint64_t id, Attendance& attendance, const std::vector<NodeChange>& changes);
  void note_verified(const NodeId& node, const std::vector<VerifiedReplica>& verified);
  void submit_held(uint64_t id, Attendance& attendance, std::shared_ptr<Held> held);
  using Gone = std::pair<ReplicaId, ReplicaState>;  // what it was until then
  void note_gone(const NodeId& node, const std::vector<Gone>& gone);
  void forget_unknown(const NodeId& id, const std::vector<NodeChange>& changes);
  void note_verdicts(const NodeId& node, const Held& held, const std::vector<Verdict>& verdicts);
  void settle_missing(uint64_t id, Attendance& attendance, std::vector<ReplicaId> missing);
  void drop_missing(uint64_t id, Attendance& attendance, const std::vector<ReplicaId>& missing);
  static void touch(Attendance& attendance, const std::vector<NodeChange>& changes);
  void write_ended(uint64_t id, bool ok);
  void finish_if_done(uint64_t id, Attendance& attendance);
  RetireRule retire_rule() const;

  ControlContext& context_;
  OrderDesk& orders_;
  std::map<uint64_t, Attendance> attendances_;
};

}  // namespace fsdfs::master
