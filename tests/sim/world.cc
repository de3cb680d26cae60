#include "tests/sim/world.h"

#include <algorithm>

#include "tests/sim/names.h"

namespace fsdfs::sim {

using master::CopyFailure;
using master::Liveness;

void SimNode::put(HeldReplica replica, uint64_t size) {
  if (disk.emplace(replica, size).second) disk_bytes += size;
}

void SimNode::drop(HeldReplica replica) {
  auto it = disk.find(replica);
  if (it == disk.end()) return;
  disk_bytes -= it->second;
  disk.erase(it);
}

World::World(const Plan& plan, const master::SchedulerGuards& guards)
    : plan_(plan), random_(plan.seed), checker_(plan.scheduler), master_(plan_, guards, checker_, tally_) {
  master_.start(now(), false);
  for (int i = 0; i < plan_.nodes; ++i) start_node(add_node(draw_quota(plan_, random_)));
}

void World::after(int64_t ms, std::function<void()> what) {
  due_.emplace(now_ms_ + ms, std::move(what));
}

// ---- nodes ----------------------------------------------------------------------------------------------

size_t World::add_node(uint64_t quota) {
  size_t number = nodes_.size();
  SimNode node;
  node.exists = true;
  node.info.id = node_id(number);
  node.info.zone = "z" + std::to_string(random_.below(static_cast<uint64_t>(plan_.zones)));
  node.info.host = "h" + std::to_string(random_.chance(0.3) ? number / 2 : number);
  node.info.quota = quota;
  node.speed = random_.chance(0.1) ? 0.05 : 0.5 + random_.unit();
  nodes_.push_back(node);
  master_.register_node(number, node.info, now());
  return number;
}

void World::start_node(size_t number) {
  SimNode& node = nodes_[number];
  if (!node.exists || node.running) return;
  node.running = true;
  ++node.incarnation;
  connect(number);
}

void World::connect(size_t number) {
  SimNode& node = nodes_[number];
  if (!node.exists || !node.running || !node.connected || node.attendance != 0) return;
  // What an earlier attendance began is dropped: the master no longer reckons with it.
  node.tasks.clear();
  node.task_bytes = 0;
  node.staged.clear();
  node.staged_bytes = 0;
  if (!master_.hello(number, node.incarnation, now())) return;
  uint64_t attendance = node.attendance = ++attendances_;
  node.reconciled = false;
  after(100 + static_cast<int64_t>(random_.below(3000)), [this, number, attendance] {
    if (nodes_[number].attendance == attendance) reconcile(number);
  });
}

void World::kill_node(size_t number) {
  SimNode& node = nodes_[number];
  if (!node.running) return;
  node.running = false;
  node.tasks.clear();
  node.task_bytes = 0;
  node.staged.clear();
  node.staged_bytes = 0;
  end_attendance(number, random_.chance(0.5));
}

void World::disconnect(size_t number, int64_t for_ms) {
  nodes_[number].connected = false;
  end_attendance(number, random_.chance(0.5));
  after(for_ms, [this, number] {
    nodes_[number].connected = true;
    connect(number);
  });
}

void World::end_attendance(size_t number, bool noticed) {
  SimNode& node = nodes_[number];
  if (node.attendance == 0) return;
  node.attendance = 0;
  if (noticed) master_.disconnected(number);
}

void World::reconcile(size_t number) {
  SimNode& node = nodes_[number];
  for (size_t file = 0; file < master_.file_count(); ++file) {
    DbFile& record = master_.db_file(file);
    for (const Row& row : std::vector<Row>(record.rows)) {
      if (row.node != number || node.disk.contains({file, row.version})) continue;
      master_.replica_removed(file, row.version, number);
    }
  }
  std::vector<HeldReplica> unknown;
  for (const auto& [replica, size] : node.disk) {
    const DbFile& record = master_.db_file(replica.file);
    bool known = std::any_of(record.rows.begin(), record.rows.end(), [&, r = replica](const Row& row) {
      return row.node == number && row.version == r.version;
    });
    if (known) continue;
    if (!record.exists) {
      master_.tombstone(replica.file, replica.version, size, number);
    } else if (replica.version <= record.info.version) {
      master_.replica_added(replica.file, replica.version, size, number);
    } else {
      unknown.push_back(replica);
    }
  }
  for (const HeldReplica& replica : unknown) {
    node.junk += node.disk[replica];
    node.drop(replica);
    tally_.count("unknown replica kept aside");
  }
  node.reconciled = true;
  report_state(number);
  master_.node_reported(number);
}

void World::report_state(size_t number) {
  const SimNode& node = nodes_[number];
  if (node.attendance == 0) return;
  master::NodeInfo info = node.info;
  info.admin = master_.db_node(number).info.admin;
  info.other_bytes = node.junk;
  master_.tell_node(number, info);
}

void World::heartbeats() {
  int64_t interval =
      std::chrono::duration_cast<std::chrono::milliseconds>(plan_.liveness.report_interval).count();
  for (size_t number = 0; number < nodes_.size(); ++number) {
    const SimNode& node = nodes_[number];
    // Spread over the interval by number.
    int64_t phase = static_cast<int64_t>(number) * 137 % interval;
    if (!node.running || !node.connected || (now_ms_ + phase) % interval >= plan_.step_ms) continue;
    if (node.attendance == 0) {
      connect(number);
      continue;
    }
    master_.heard(number, node.incarnation, now());
    report_state(number);
  }
}

// ---- orders ---------------------------------------------------------------------------------------------

void World::carry_out(const std::vector<master::Order>& orders) {
  orders_in_step_ += orders.size();
  for (const master::Order& order : orders) latest_.push_back(order);
  while (latest_.size() > 12) latest_.pop_front();
  for (const master::Order& order : orders) {
    if (const auto* copy = std::get_if<master::CopyOrder>(&order)) begin_copy(*copy);
    if (const auto* removal = std::get_if<master::DeleteOrder>(&order)) begin_delete(*removal);
    if (const auto* cancel = std::get_if<master::CancelOrder>(&order)) begin_cancel(*cancel);
  }
}

void World::begin_copy(const master::CopyOrder& order) {
  static constexpr const char* kNames[] = {"copy below target", "copy endangered", "copy draining",
                                           "copy fill", "copy to make way"};
  tally_.count(kNames[static_cast<size_t>(order.cause)]);
  size_t number = node_of(order.target);
  SimNode& node = nodes_[number];
  if (node.attendance == 0) {
    master_.copy_failed(order.id, CopyFailure::kTarget, now());
    return;
  }
  CopyTask task{{file_of(order.replica.inode), order.replica.version}, order.size, {}};
  for (const NodeId& source : order.sources) task.sources.push_back(node_of(source));
  node.task_bytes += task.size;
  node.tasks[order.id.value] = task;
  double seconds =
      0.05 + static_cast<double>(order.size) / static_cast<double>(plan_.unit) * 0.5 / node.speed;
  bool fails = !plan_.calm_nodes && random_.chance(0.01);
  after(static_cast<int64_t>(seconds * 1000),
        [this, number, attendance = node.attendance, id = order.id.value, fails] {
          finish_copy(number, attendance, id, fails);
        });
}

void World::finish_copy(size_t number, uint64_t attendance, uint64_t order, bool fails) {
  SimNode& node = nodes_[number];
  auto it = node.tasks.find(order);
  if (node.attendance != attendance || it == node.tasks.end()) return;
  CopyTask task = it->second;
  node.tasks.erase(it);
  node.task_bytes -= task.size;
  bool readable = std::any_of(task.sources.begin(), task.sources.end(), [&](size_t source) {
    return nodes_[source].running && nodes_[source].connected && nodes_[source].disk.contains(task.replica);
  });
  if (!readable || fails) {
    tally_.count("copy failed");
    master_.copy_failed(OrderId{order}, readable ? CopyFailure::kTarget : CopyFailure::kSource, now());
    return;
  }
  tally_.count("copy done");
  node.put(task.replica, task.size);
  const DbFile& record = master_.db_file(task.replica.file);
  if (!record.exists) {
    master_.tombstone(task.replica.file, task.replica.version, task.size, number);
  } else {
    master_.replica_added(task.replica.file, task.replica.version, task.size, number);
  }
  checker_.copy_ended(order);
  master_.scheduler().copy_finished(OrderId{order});
}

void World::begin_delete(const master::DeleteOrder& order) {
  static constexpr const char* kNames[] = {"evict for file", "evict for session", "evict for reserve",
                                           "delete old version", "delete removed file"};
  tally_.count(order.repeated ? "delete repeated" : kNames[static_cast<size_t>(order.cause)]);
  if (!master_.commit_delete(order, !plan_.calm_nodes && random_.chance(0.01))) return;
  size_t file = file_of(order.replica.inode), number = node_of(order.node);
  if (order.last_of_trash && master_.db_file(file).exists) {
    tally_.count("trash emptied for room");
    master_.file_purged(file);
  }
  SimNode& node = nodes_[number];
  if (node.attendance == 0) return;  // lost; ordered again when the node is back
  if (!plan_.calm_nodes && random_.chance(0.01)) return;
  after(50 + static_cast<int64_t>(random_.below(500)),
        [this, number, attendance = node.attendance, replica = HeldReplica{file, order.replica.version}] {
          SimNode& holder = nodes_[number];
          if (holder.attendance != attendance) return;
          holder.drop(replica);
          master_.replica_removed(replica.file, replica.version, number);
        });
}

void World::begin_cancel(const master::CancelOrder& order) {
  tally_.count("cancel");
  size_t number = node_of(order.target);
  SimNode& node = nodes_[number];
  if (node.attendance == 0) {
    master_.copy_failed(order.id, CopyFailure::kCancelled, now());
    return;
  }
  after(50, [this, number, attendance = node.attendance, id = order.id] {
    SimNode& target = nodes_[number];
    auto it = target.tasks.find(id.value);
    if (target.attendance != attendance || it == target.tasks.end()) return;
    target.task_bytes -= it->second.size;
    target.tasks.erase(it);
    master_.copy_failed(id, CopyFailure::kCancelled, now());
  });
}

// ---- time -----------------------------------------------------------------------------------------------

void World::step() {
  now_ms_ += plan_.step_ms;
  orders_in_step_ = 0;
  while (!due_.empty() && due_.begin()->first <= now_ms_) {
    auto what = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    what();
  }
  heartbeats();
  master_.advance_liveness(now());
  run_sessions();
  carry_out(master_.tick(now()));
  tally_.count("tick");
  check_disks();
}

void World::run_events() {
  while (events_done_ < plan_.events && checker_.failure().empty()) {
    while (next_event_ms_ <= now_ms_ && events_done_ < plan_.events) {
      random_event();
      ++events_done_;
      next_event_ms_ += static_cast<int64_t>(random_.below(static_cast<uint64_t>(plan_.event_gap_ms)));
    }
    step();
  }
}

void World::check_disks() {
  for (size_t number = 0; number < nodes_.size(); ++number) {
    SimNode& node = nodes_[number];
    bool within = node.occupied() <= node.info.quota;
    if (within) node.excused = false;
    if (within || node.excused || !node.exists) continue;
    checker_.fail("invariant 7: node " + std::to_string(number) + " has " + std::to_string(node.disk_bytes) +
                  " bytes of replicas, " + std::to_string(node.junk) + " others, " +
                  std::to_string(node.task_bytes) + " arriving, " + std::to_string(node.staged_bytes) +
                  " staged; its quota is " + std::to_string(node.info.quota) + latest_orders());
  }
}

bool World::busy() const {
  if (orders_in_step_ > 0 || !due_.empty()) return true;
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [](const SimSession& session) { return session.exists; });
}

std::string World::latest_orders() const {
  std::string text;
  for (const master::Order& order : latest_) text += "\n    " + master::describe(order);
  return text;
}

bool World::settle() {
  for (size_t number = 0; number < nodes_.size(); ++number) {
    SimNode& node = nodes_[number];
    node.info.at_floor = false;
    node.info.load = {};
    node.speed = std::max(node.speed, 0.5);
    if (node.exists && !node.running && random_.chance(0.7)) start_node(number);
  }
  return rest();
}

bool World::rest() {
  constexpr int64_t kQuietMs =
      60'000;  // longer than any back-off, repetition and credit of bytes of the plans
  constexpr int64_t kMostMs = 2 * 3600'000;
  int64_t quiet_since = now_ms_, began = now_ms_;
  while (now_ms_ - quiet_since < kQuietMs) {
    step();
    if (!checker_.failure().empty()) return true;
    if (busy()) quiet_since = now_ms_;
    if (now_ms_ - began > kMostMs) return false;
  }
  return true;
}

bool World::nothing_moves(int ticks) {
  for (int i = 0; i < ticks; ++i) {
    now_ms_ += plan_.step_ms;
    if (!master_.tick(now()).empty()) return false;
  }
  return !master_.more_work();
}

}  // namespace fsdfs::sim
