// World: the simulated swarm about a SimMaster: node processes with disks, a network that loses and delays,
// time.
//
// A run: the swarm starts, random events happen to it (events.h), then it is left in peace until it rests.
// After every step the bytes really on each node are held against its quota (invariant 7). Deterministic by
// its plan.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/sim/checker.h"
#include "tests/sim/plan.h"
#include "tests/sim/random.h"
#include "tests/sim/sim_master.h"
#include "tests/sim/tally.h"

namespace fsdfs::sim {

struct HeldReplica {
  size_t file = 0;
  Version version;
  friend auto operator<=>(const HeldReplica&, const HeldReplica&) = default;
};

struct CopyTask {
  HeldReplica replica;
  uint64_t size = 0;
  std::vector<size_t> sources;
};

// A node's process and disk.
struct SimNode {
  master::NodeInfo info;  // quota, zone, load and so on; what only the master decides is in its records
  bool exists = false;    // false: removed for good
  bool running = false;
  bool connected = true;
  uint64_t incarnation = 0;
  uint64_t attendance = 0;  // 0: none; messages of an older one are lost
  bool reconciled = false;
  double speed = 1;
  std::map<HeldReplica, uint64_t> disk;
  uint64_t disk_bytes = 0;
  uint64_t junk = 0;                   // quarantined and unknown bytes
  std::map<uint64_t, CopyTask> tasks;  // by order
  uint64_t task_bytes = 0;
  std::map<uint64_t, uint64_t> staged;  // by session
  uint64_t staged_bytes = 0;
  bool excused = false;  // an event, not an order, made it exceed its quota

  uint64_t occupied() const { return disk_bytes + junk + task_bytes + staged_bytes; }
  void put(HeldReplica replica, uint64_t size);
  void drop(HeldReplica replica);
};

struct SimSession {
  bool exists = false;
  SessionId id;
  bool has_file = false;  // of an existing file
  size_t file = 0;
  bool in_place = false;
  uint64_t size = 0;
  double target = 3;
  bool granted = false;
  std::vector<NodeId> chain;
  uint64_t reserved = 0;
  int64_t ends_ms = 0;  // of waiting or of writing
};

class World {
 public:
  World(const Plan& plan, const master::SchedulerGuards& guards);

  // Events until the plan's are done.
  void run_events();
  // One step of time with what is due, a tick, and its orders.
  void step();
  // Ends what is open, brings nodes back, and waits for rest. False: it does not come to rest.
  bool settle();
  // Waits for rest as things are.
  bool rest();
  // Ticks without any fact. False: something moved, or there is always more to do.
  bool nothing_moves(int ticks);

  const Checker& checker() const { return checker_; }
  Checker& checker() { return checker_; }
  SimMaster& master() { return master_; }
  Tally& tally() { return tally_; }
  Random& random() { return random_; }
  const Plan& plan() const { return plan_; }
  int64_t now_ms() const { return now_ms_; }
  // The latest orders, one a line: what goes on in a swarm that finds no rest.
  std::string latest_orders() const;

  // ---- what events do (world_events.cc, world_sessions.cc) ----
  size_t add_node(uint64_t quota);
  void start_node(size_t node);
  void kill_node(size_t node);
  void disconnect(size_t node, int64_t for_ms);
  void restart_master(bool recovering);
  bool begin_session(bool has_file, size_t file, bool in_place, uint64_t size, double target);
  void end_session(SimSession& session, bool commit);
  size_t pick_up_node();  // kNone: not found

 private:
  void random_event();
  void node_event(uint64_t kind);
  void file_event(uint64_t kind);
  void after(int64_t ms, std::function<void()> what);
  MonotonicTime now() const {
    return MonotonicTime(std::chrono::hours(1)) + std::chrono::milliseconds(now_ms_);
  }

  void connect(size_t node);
  void end_attendance(size_t node, bool noticed);
  void reconcile(size_t node);
  void report_state(size_t node);
  void heartbeats();
  void carry_out(const std::vector<master::Order>& orders);
  void begin_copy(const master::CopyOrder& order);
  void finish_copy(size_t node, uint64_t attendance, uint64_t order, bool fails);
  void begin_delete(const master::DeleteOrder& order);
  void begin_cancel(const master::CancelOrder& order);
  void run_sessions();
  void commit_session(SimSession& session);
  void check_disks();
  bool busy() const;

  size_t pick_node(const std::function<bool(const SimNode&)>& fits);
  size_t pick_file(const std::function<bool(const DbFile&)>& fits);

  const Plan plan_;
  Random random_;
  Tally tally_;
  Checker checker_;
  SimMaster master_;
  std::vector<SimNode> nodes_;
  std::vector<SimSession> sessions_;
  std::multimap<int64_t, std::function<void()>> due_;
  int64_t now_ms_ = 0;
  int64_t next_event_ms_ = 0;
  int events_done_ = 0;
  int files_created_ = 0;
  uint64_t attendances_ = 0;
  uint64_t next_session_ = 1;
  size_t orders_in_step_ = 0;
  std::deque<master::Order> latest_;
};

inline constexpr size_t kNone = static_cast<size_t>(-1);

}  // namespace fsdfs::sim
