// ControlLoop: the one thread that owns the scheduler. Committed records, nodes' reports, sessions that want
// a chain and the time go in; orders to nodes, acknowledgements and the published view come out. Everything
// durable is written through the store and comes back as a committed record, so that the scheduler believes
// nothing that a restart would take back.
//
// Called by: master/service (streams, admissions, view), the store's writer (on_commit). All public methods
// are thread-safe; callbacks are called on the loop's thread or on the caller's, and must be quick. The loop
// never waits for the writer. The writer may wait for the loop when that is behind by events_max events.
// Crash: nothing here survives, and start() rebuilds it from the store. Until each holder has reported anew
// or is dead, nothing of what it holds is deleted (invariant 4).
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "common/concurrency/bounded_queue.h"
#include "master/control/admission_desk.h"
#include "master/control/attendance_desk.h"
#include "master/control/audit_desk.h"
#include "master/control/control_context.h"
#include "master/control/event_log.h"
#include "master/control/fact_feeder.h"
#include "master/control/order_desk.h"
#include "master/control/removal_desk.h"
#include "master/control/scrub_desk.h"
#include "master/control/slow_nodes.h"
#include "master/control/swarm_view.h"
#include "master/control/trash_keeper.h"
#include "master/policy/weight_keeper.h"
#include "master/registry/liveness.h"
#include "master/scheduler/scheduler.h"
#include "master/sessions/leases.h"

namespace fsdfs::master {

class ControlLoop final : public CommitListener, public WeightKeeper {
 public:
  // All outlive the loop; the store is closed before the loop is destroyed. The loop must be a listener of
  // the store before the first write after start().
  ControlLoop(MetadataStore& store, const Clock& clock, Logger& logger, ControlSettings settings);
  ~ControlLoop() override;
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  // Reads the whole state and starts the thread. Nothing may be written meanwhile.
  Status start();
  // Ends all streams and refuses who waits for a chain, so that the server that carries them can stop at
  // once.
  void prepare_stop();
  // Ends the thread; who waits for a chain is refused. Idempotent.
  void stop();

  void on_commit(const LogEntry& entry) override;

  // --- a node's stream; `attendance` is what join returned ---
  // Registers the node and welcomes it through the link, or closes the link with the reason.
  uint64_t join(const NodeHello& hello, std::shared_ptr<NodeLink> link);
  // `next` is called when the next message may come, also when this one was of no use.
  void inventory(uint64_t attendance, const NodeId& node, InventoryRanges told, Acknowledged next);
  void inventory(uint64_t attendance, const NodeId& node, InventoryPage page, Acknowledged next);
  void report(uint64_t attendance, NodeReport report, Acknowledged next);
  void outcome(uint64_t attendance, OrderOutcome outcome);
  void audited(uint64_t request, AuditAnswer answer);
  void leave(uint64_t attendance);

  // --- sessions ---
  void admit(AdmitRequest request, MonotonicTime deadline, AdmissionDesk::Answer answer);
  void extend(SessionRecord session, uint64_t more_bytes, AdmissionDesk::Answer answer);
  void renew(SessionId session);
  void give_up(SessionId session);

  // --- reads ---
  void note_reads(std::vector<ReadCount> counts, WallTime at, Weights changed) override;
  void restore_weights(std::vector<ReadWeight> weights) override;
  // --- operators ---
  // Begins the removal of a node, or joins the one under way; the watch says how it goes.
  void remove_node(const NodeId& node, std::shared_ptr<RemovalWatch> watch);
  // Has nodes (none named: all that are not dead) read and check all that they hold, now. False: as of ask().
  bool scrub(std::vector<NodeId> nodes, std::function<void(ScrubStarted)> answer);
  // Asks a node what it holds; the answer is none where it does not attend. False: as of ask().
  bool audit(AuditQuestion question, AuditDesk::Answer answer);
  // Asks the scheduler, on the loop's thread; `question` must be quick. False: the loop is far behind or has
  // stopped, and will not ask. A question that was taken and that the loop no longer comes to is destroyed
  // unasked.
  bool ask(std::function<void(const Scheduler&)> question);
  // The same about the nodes and what they hold.
  bool ask_nodes(std::function<void(const NodeDirectory&)> question);
  EventLog& event_log() { return event_log_; }

  // Never null after start().
  std::shared_ptr<const SwarmView> view() const;

 private:
  void post(ControlEvent event);
  bool post_now(ControlEvent event);
  bool is_first_meeting(const NodeId& node);
  void receive(uint64_t attendance, const NodeHello& hello, const std::shared_ptr<NodeLink>& link);
  void welcome(uint64_t attendance, const NodeHello& hello, const std::shared_ptr<NodeLink>& link);
  void run();
  bool turn();
  void watch_nodes();
  void watch_node(const NodeId& id);
  void heard(const std::optional<AttendanceDesk::Reporter>& reporter);
  void watch_slowness();
  void apply(const LogEntry& entry);
  void admin_state_changed(const NodeRecord& before, const NodeRecord& after);
  void publish();
  void add_warnings(SwarmView& view) const;

  const ControlSettings settings_;
  MetadataStore& store_;
  const Clock& clock_;
  Logger& logger_;
  RateLimitedLog repeated_;
  BoundedQueue<ControlEvent> events_;
  EventLog event_log_;
  std::atomic<uint64_t> attendances_{0};

  // Of the loop's thread (of start() before it runs).
  Scheduler scheduler_;
  NodeDirectory nodes_;
  LivenessTracker liveness_;
  SlowNodes slow_nodes_;
  ControlContext context_;
  Leases leases_;
  OrderDesk orders_;
  AttendanceDesk attendance_desk_;
  FactFeeder feeder_;
  AdmissionDesk admissions_;
  TrashKeeper trash_;
  RemovalDesk removals_;
  ScrubDesk scrubs_;
  AuditDesk audits_;
  MonotonicTime published_at_;
  bool changed_ = true;         // since the last view
  bool nodes_changed_ = false;  // who is there, and how: shown at once

  std::mutex met_mutex_;
  std::set<NodeId> met_;  // guarded by met_mutex_: who has said hello to this process

  mutable std::mutex view_mutex_;
  std::shared_ptr<const SwarmView> view_;  // guarded by view_mutex_

  std::mutex stop_mutex_;  // one stop() at a time
  std::thread thread_;     // joined under stop_mutex_
  std::atomic<std::thread::id> loop_thread_;
};

}  // namespace fsdfs::master
