// World: what happens to a swarm.
#include <algorithm>

#include "master/scheduler/read_weight.h"
#include "tests/sim/names.h"
#include "tests/sim/world.h"

namespace fsdfs::sim {

using master::AdminState;
using master::Liveness;

size_t World::pick_node(const std::function<bool(const SimNode&)>& fits) {
  for (int tries = 0; tries < 10; ++tries) {
    size_t node = random_.below(nodes_.size());
    if (nodes_[node].exists && fits(nodes_[node])) return node;
  }
  return kNone;
}

size_t World::pick_up_node() {
  return pick_node([](const SimNode& node) { return node.running && node.attendance != 0; });
}

size_t World::pick_file(const std::function<bool(const DbFile&)>& fits) {
  for (int tries = 0; tries < 10 && master_.file_count() > 0; ++tries) {
    size_t file = random_.below(master_.file_count());
    if (master_.db_file(file).exists && fits(master_.db_file(file))) return file;
  }
  return kNone;
}

void World::random_event() {
  // The files come first: most of them in the first half of the run.
  bool files_left = files_created_ < plan_.files;
  if (files_left && random_.chance(0.55)) {
    ++files_created_;
    tally_.count("event: new file");
    begin_session(false, 0, false, draw_size(plan_, random_), draw_target(plan_, random_));
    return;
  }
  if (random_.chance(0.45)) {
    file_event(random_.below(100));
  } else {
    node_event(random_.below(100));
  }
}

void World::file_event(uint64_t kind) {
  size_t file = pick_file([](const DbFile&) { return true; });
  if (file == kNone) return;
  DbFile& record = master_.db_file(file);
  if (kind < 25) {
    if (record.info.trash) return;
    tally_.count("event: new content");
    begin_session(true, file, false, draw_size(plan_, random_), record.info.target);
  } else if (kind < 45) {
    if (record.info.trash) return;
    tally_.count("event: change in place");
    begin_session(true, file, true, draw_size(plan_, random_), record.info.target);
  } else if (kind < 60) {
    tally_.count("event: target");
    record.info.target = draw_target(plan_, random_);
    master_.file_changed(file);
  } else if (kind < 72) {
    tally_.count("event: reads");
    uint64_t reads = random_.chance(0.2) ? 10'000 : 1 + random_.below(100);
    master_.reads_noted(file, reads, master::kReadOrigin + std::chrono::milliseconds(now_ms_));
  } else if (kind < 84) {
    if (record.info.open) return;
    tally_.count(record.info.trash ? "event: restored from trash" : "event: to trash");
    record.info.trash = !record.info.trash;
    record.info.deleted_at_s = 1'700'000'000 + now_ms_ / 1000;
    master_.file_changed(file);
    if (record.info.trash && plan_.retention_ms > 0) {
      after(plan_.retention_ms, [this, file, deleted_at = record.info.deleted_at_s] {
        const DbFile& then = master_.db_file(file);
        if (!then.exists || !then.info.trash || then.info.deleted_at_s != deleted_at) return;
        tally_.count("trash retention over");
        master_.file_purged(file);
      });
    }
  } else if (kind < 95) {
    if (record.info.open) return;
    tally_.count("event: purged");
    master_.file_purged(file);
  } else {
    // A scrubber finds a bad replica: quarantined, then cleared away.
    if (record.rows.empty()) return;
    Row row = record.rows[random_.below(record.rows.size())];
    SimNode& node = nodes_[row.node];
    if (node.attendance == 0 || !node.reconciled || row.deleting || !node.disk.contains({file, row.version}))
      return;
    tally_.count("event: bad replica");
    node.drop({file, row.version});
    node.junk += row.size;
    master_.replica_removed(file, row.version, row.node);
    report_state(row.node);
    after(20'000, [this, number = row.node, size = row.size] {
      nodes_[number].junk -= std::min(size, nodes_[number].junk);
      report_state(number);
    });
  }
}

void World::node_event(uint64_t kind) {
  if (plan_.calm_nodes) return;
  auto running = [](const SimNode& node) { return node.running; };
  auto down = [](const SimNode& node) { return !node.running; };
  size_t node = pick_node(kind < 30 ? std::function<bool(const SimNode&)>(down) : running);
  if (kind < 30) {
    if (node == kNone) return;
    tally_.count("event: node starts");
    // Now and then a disk comes back without some of what it held.
    if (random_.chance(0.2)) {
      std::vector<HeldReplica> lost;
      for (const auto& [replica, size] : nodes_[node].disk) {
        if (random_.chance(0.3)) lost.push_back(replica);
      }
      for (const HeldReplica& replica : lost) nodes_[node].drop(replica);
      tally_.count("replica lost on disk", lost.size());
    }
    start_node(node);
    return;
  }
  if (node == kNone) return;
  SimNode& n = nodes_[node];
  AdminState& admin = master_.db_node(node).info.admin;
  if (kind < 42) {
    tally_.count("event: node dies");
    kill_node(node);
  } else if (kind < 60) {
    tally_.count("event: node flaps");
    disconnect(node, static_cast<int64_t>(random_.below(random_.chance(0.3) ? 60'000 : 4'000)));
  } else if (kind < 61) {
    tally_.count("event: zone outage");
    std::string zone = n.info.zone;
    for (size_t other = 0; other < nodes_.size(); ++other) {
      if (nodes_[other].info.zone != zone || plan_.zones == 1) continue;
      disconnect(other, 30'000);
    }
  } else if (kind < 63) {
    tally_.count("event: node joins");
    start_node(add_node(draw_quota(plan_, random_)));
  } else if (kind < 65) {
    if (nodes_.size() < 5) return;
    // As an operator would: rather one that has been drained.
    size_t drained = pick_node([this](const SimNode& candidate) {
      auto view = master_.scheduler().node(candidate.info.id);
      return master_.db_node(node_of(candidate.info.id)).info.admin == AdminState::kDraining &&
             candidate.running && view && view->drain_left == 0 && !master_.scheduler().health().settling;
    });
    if (drained != kNone) node = drained;
    tally_.count(drained != kNone ? "event: drained node removed" : "event: node removed");
    kill_node(node);
    nodes_[node].exists = false;
    master_.node_removed(node);
  } else if (kind < 75) {
    AdminState next[] = {AdminState::kDraining, AdminState::kReadonly, AdminState::kActive,
                         AdminState::kActive};
    admin = next[random_.below(4)];
    tally_.count("event: " + std::string(name_of(admin)));
    report_state(node);
  } else if (kind < 82) {
    tally_.count("event: quota");
    n.info.quota = draw_quota(plan_, random_);
    if (n.occupied() > n.info.quota) n.excused = true;
    report_state(node);
  } else if (kind < 86) {
    tally_.count("event: full disk");
    n.info.at_floor = !n.info.at_floor;
    report_state(node);
  } else if (kind < 90) {
    tally_.count("event: slow node");
    n.speed = random_.chance(0.5) ? 0.02 : 1;
    // Busy without end, every other time: on one core a whole swarm's CPUs read 100 %.
    n.info.load.cpu = random_.chance(0.5) ? 1 : random_.unit();
    n.info.load.disk = random_.chance(0.2) ? 1 : random_.unit();
    n.info.load.foreground_slow = random_.chance(0.5);
    report_state(node);
  } else if (kind < 94) {
    tally_.count("event: unknown bytes");
    uint64_t bytes = random_.below(plan_.unit * 3);
    n.junk += bytes;
    if (n.occupied() > n.info.quota) n.excused = true;
    report_state(node);
    after(15'000, [this, node, bytes] {
      nodes_[node].junk -= std::min(bytes, nodes_[node].junk);
      report_state(node);
    });
  } else if (kind < 96) {
    bool recovering = random_.chance(0.3);
    tally_.count(recovering ? "event: master recovers" : "event: master restarts");
    restart_master(recovering);
  }
}

void World::restart_master(bool recovering) {
  for (SimSession& session : sessions_) session.exists = false;
  for (SimNode& node : nodes_) node.attendance = 0;
  master_.start(now(), recovering);
  for (size_t node = 0; node < nodes_.size(); ++node) {
    if (!random_.chance(0.7)) continue;  // the others come by themselves, later
    after(static_cast<int64_t>(random_.below(1500)), [this, node] { connect(node); });
  }
}

}  // namespace fsdfs::sim
