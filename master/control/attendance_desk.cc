#include "master/control/attendance_desk.h"

#include <fmt/format.h>

#include <algorithm>

namespace fsdfs::master {
namespace {

constexpr size_t kReplicasPerOperation = 256;
constexpr size_t kRowsPerScan = 1000;
constexpr size_t kScansPerTurn = 4;

}  // namespace

AttendanceDesk::Attendance* AttendanceDesk::find(uint64_t attendance) {
  auto found = attendances_.find(attendance);
  return found == attendances_.end() ? nullptr : &found->second;
}

RetireRule AttendanceDesk::retire_rule() const {
  RetireRule rule;
  for (const auto& [id, node] : context_.nodes.all()) {
    if (node.liveness != Liveness::kDead) rule.live.push_back(id);
  }
  auto wanted = static_cast<size_t>(std::max<int64_t>(1, context_.settings.scheduler.sync_copies));
  rule.copies_needed = static_cast<uint32_t>(std::clamp<size_t>(rule.live.size(), 1, wanted));
  return rule;
}

void AttendanceDesk::attach(uint64_t id, const NodeHello& hello, std::shared_ptr<NodeLink> link) {
  KnownNode* node = context_.nodes.find(hello.node);
  if (node == nullptr || node->record.admin_state == AdminState::kRemoving) {
    return link->close(unavailable("the node has just been removed: attend again"));
  }
  if (node->link != nullptr) {
    node->link->close(aborted("the node attends anew"));
    detach(node->attendance);
  }
  Attendance& attendance = attendances_[id];
  attendance.node = hello.node;
  attendance.incarnation = hello.incarnation;
  node->link = std::move(link);
  node->attendance = id;
  node->used = hello.used;
  node->unknown.clear();
  context_.scheduler.node_restarted(hello.node);
  context_.tell_node(*node);
  context_.logger.info("node {} attends from {} ({})", to_string(hello.node), hello.address,
                       hello.zone.empty() ? "no zone" : "zone " + hello.zone);
  context_.events.add({.kind = EventKind::kNodeJoined,
                       .node = hello.node,
                       .text = hello.zone.empty() ? std::string() : "zone " + hello.zone});
  send(attendance, WelcomeMessage{context_.store.swarm(), context_.settings.report_interval,
                                  context_.settings.lease, context_.clock.wall()});
}

void AttendanceDesk::detach(uint64_t id) {
  Attendance* attendance = find(id);
  if (attendance == nullptr) return;
  NodeId node_id = attendance->node;
  attendances_.erase(id);
  KnownNode* node = context_.nodes.find(node_id);
  if (node == nullptr || node->attendance != id) return;
  node->link = nullptr;
  node->attendance = 0;
  context_.tell_node(*node);
  orders_.lost(node_id);
  context_.logger.info("node {} no longer attends", to_string(node_id));
  context_.events.add({.kind = EventKind::kNodeLeft, .node = node_id});
}

void AttendanceDesk::close_all(const Status& why) {
  for (const auto& [id, node] : context_.nodes.all()) {
    if (node.link != nullptr) node.link->close(why);
  }
}

void AttendanceDesk::send(const Attendance& attendance, const MasterMessage& message) {
  const KnownNode* node = context_.nodes.find(attendance.node);
  // A lost message is followed by the end of the stream, and by a new hello.
  if (node != nullptr && node->link != nullptr) (void)node->link->send(context_.store.epoch(), message);
}

void AttendanceDesk::inventory(uint64_t id, const std::vector<ReplicaId>& keys, Held differing, bool last) {
  Attendance* attendance = find(id);
  if (attendance == nullptr || !attendance->joining || attendance->complete) return;
  attendance->held.insert(attendance->held.end(), keys.begin(), keys.end());
  for (size_t at = 0; at < differing.size(); at += kReplicasPerOperation) {
    auto end = std::min(at + kReplicasPerOperation, differing.size());
    submit_held(id, *attendance,
                std::make_shared<Held>(differing.begin() + static_cast<ptrdiff_t>(at),
                                       differing.begin() + static_cast<ptrdiff_t>(end)));
  }
  if (!last) return;
  attendance->complete = true;
  std::sort(attendance->held.begin(), attendance->held.end());
}

void AttendanceDesk::submit_held(uint64_t id, Attendance& attendance, std::shared_ptr<Held> held) {
  ++attendance.writes;
  auto verdicts = std::make_shared<std::vector<Verdict>>();
  context_.store.submit(
      {},
      [held, verdicts, node = attendance.node,
       rule = retire_rule()](WriteTransaction& transaction) -> Result<std::string> {
        FSDFS_TRY(check_registered(transaction, node));
        verdicts->clear();
        for (const HeldReplica& replica : *held) {
          FSDFS_ASSIGN(auto verdict, apply_held(transaction, node, replica, rule));
          verdicts->push_back(verdict);
        }
        return std::string();
      },
      [this, id, held, verdicts, node = attendance.node](const Result<std::string>& done) {
        context_.post([this, id, held, verdicts, node, ok = done.ok()] {
          if (ok) note_verdicts(node, *held, *verdicts);
          write_ended(id, ok);
        });
      });
}

void AttendanceDesk::note_verdicts(const NodeId& id, const Held& held, const std::vector<Verdict>& verdicts) {
  KnownNode* node = context_.nodes.find(id);
  if (node == nullptr) return;
  bool changed = false;
  for (size_t i = 0; i < held.size(); ++i) {
    const ReplicaId& replica = held[i].replica;
    if (verdicts[i] == Verdict::kUnknown || verdicts[i] == Verdict::kQuarantined) {
      bool bad = verdicts[i] == Verdict::kQuarantined;
      context_.events.add({.kind = bad ? EventKind::kReplicaBad : EventKind::kReplicaUnknown,
                           .node = id,
                           .replica = replica});
    }
    if (verdicts[i] == Verdict::kUnknown) {
      if (node->unknown.set(held[i])) changed = true;
      context_.repeated.warning("unknown",
                                "node {} holds {}, which this master does not know; it is kept aside",
                                to_string(id), replica.to_string());
    } else if (node->unknown.erase(replica)) {
      changed = true;
    }
    if (verdicts[i] == Verdict::kQuarantined) {
      context_.repeated.error("bad", "node {} holds a bad copy of {}: it is replaced", to_string(id),
                              replica.to_string());
    }
    if (verdicts[i] != Verdict::kStaged) orders_.copy_arrived(replica, id, false);
  }
  if (changed) context_.tell_node(*node);
}

std::optional<AttendanceDesk::Reporter> AttendanceDesk::report(uint64_t id, NodeReport report) {
  Attendance* attendance = find(id);
  if (attendance == nullptr) return std::nullopt;
  NodeId node_id = attendance->node;
  KnownNode* node = context_.nodes.find(node_id);
  if (node == nullptr) return std::nullopt;
  node->load = report.load;
  node->used = report.used;
  node->scrub = report.scrub;
  node->disk_at_floor = report.free_on_disk == 0;
  note_disks(*node, std::move(report.disks));
  if (report.quota != node->record.quota) {
    context_.store.submit(
        {},
        [node_id, quota = report.quota](WriteTransaction& transaction) -> Result<std::string> {
          FSDFS_ASSIGN(auto record, transaction.node(node_id));
          if (!record) return std::string();
          record->quota = quota;
          FSDFS_TRY(transaction.put_node(*record));
          return std::string();
        },
        [](const Result<std::string>&) {});  // a quota that was not written comes again with the next report
  }
  context_.tell_node(*node);
  apply_changes(id, *attendance, report.changes);
  note_verified(node_id, std::move(report.verified));
  return Reporter{node_id, attendance->incarnation};
}

// Each failure is told once, however often it is reported.
void AttendanceDesk::note_disks(KnownNode& node, std::vector<DiskReport> disks) {
  for (const DiskReport& disk : disks) {
    if (disk.failed.empty()) continue;
    bool known = std::any_of(node.disks.begin(), node.disks.end(), [&](const DiskReport& before) {
      return before.path == disk.path && before.failed == disk.failed;
    });
    if (known) continue;
    context_.logger.error("disk {} of node {} has failed: {}", disk.path, to_string(node.record.id),
                          disk.failed);
    context_.events.add({.kind = EventKind::kDiskFailed,
                         .node = node.record.id,
                         .text = fmt::format("{}: {}", disk.path, disk.failed)});
  }
  node.disks = std::move(disks);
}

// Soft state: what cannot be written is forgotten.
void AttendanceDesk::note_verified(const NodeId& node, std::vector<VerifiedReplica> verified) {
  for (size_t at = 0; at < verified.size(); at += kReplicasPerOperation) {
    auto end = std::min(at + kReplicasPerOperation, verified.size());
    std::vector<VerifiedReplica> batch(verified.begin() + static_cast<ptrdiff_t>(at),
                                       verified.begin() + static_cast<ptrdiff_t>(end));
    context_.store.submit(
        {},
        [node, batch = std::move(batch),
         rule = retire_rule()](WriteTransaction& transaction) -> Result<std::string> {
          FSDFS_TRY(check_registered(transaction, node));
          for (const VerifiedReplica& each : batch) FSDFS_TRY(apply_verified(transaction, node, each, rule));
          return std::string();
        },
        [](const Result<std::string>&) {});
  }
}

// Each change once, in order; those on their way through the writer are not sent there again.
void AttendanceDesk::apply_changes(uint64_t id, Attendance& attendance,
                                   const std::vector<NodeChange>& changes) {
  auto fresh = std::make_shared<std::vector<NodeChange>>();
  for (const NodeChange& change : changes) {
    if (change.sequence > attendance.submitted) fresh->push_back(change);
  }
  if (fresh->empty()) return;
  uint64_t last = fresh->back().sequence;
  attendance.submitted = last;
  auto held = std::make_shared<Held>();
  auto verdicts = std::make_shared<std::vector<Verdict>>();
  auto gone = std::make_shared<std::vector<Gone>>();
  context_.store.submit(
      {},
      [fresh, held, verdicts, gone, node = attendance.node,
       rule = retire_rule()](WriteTransaction& transaction) -> Result<std::string> {
        FSDFS_TRY(check_registered(transaction, node));
        held->clear();
        verdicts->clear();
        gone->clear();
        for (const NodeChange& change : *fresh) {
          if (const auto* came = std::get_if<HeldReplica>(&change.change)) {
            FSDFS_ASSIGN(auto verdict, apply_held(transaction, node, *came, rule));
            held->push_back(*came);
            verdicts->push_back(verdict);
          } else {
            const auto& replica = std::get<ReplicaId>(change.change);
            FSDFS_ASSIGN(auto was, apply_gone(transaction, node, replica));
            if (was) gone->emplace_back(replica, *was);
          }
        }
        return std::string();
      },
      [this, id, fresh, held, verdicts, gone, last,
       node_id = attendance.node](const Result<std::string>& done) {
        context_.post([this, id, fresh, held, verdicts, gone, last, node_id, ok = done.ok()] {
          Attendance* present = find(id);
          if (!ok) {
            // The node repeats what is not acknowledged.
            if (present != nullptr) present->submitted = present->acknowledged;
            return;
          }
          note_verdicts(node_id, *held, *verdicts);
          note_gone(node_id, *gone);
          forget_unknown(node_id, *fresh);
          if (present == nullptr) return;
          present->acknowledged = std::max(present->acknowledged, last);
          send(*present, AcknowledgeMessage{present->acknowledged, false});
        });
      });
}

void AttendanceDesk::note_gone(const NodeId& node, const std::vector<Gone>& gone) {
  for (const auto& [replica, was] : gone) {
    bool ordered = was == ReplicaState::kDeleting;
    context_.events.add(
        {.kind = ordered ? EventKind::kDeleted : EventKind::kReplicaLost, .node = node, .replica = replica});
  }
}

void AttendanceDesk::forget_unknown(const NodeId& id, const std::vector<NodeChange>& changes) {
  KnownNode* node = context_.nodes.find(id);
  if (node == nullptr) return;
  bool changed = false;
  for (const NodeChange& change : changes) {
    const auto* gone = std::get_if<ReplicaId>(&change.change);
    if (gone != nullptr && node->unknown.erase(*gone)) changed = true;
  }
  if (changed) context_.tell_node(*node);
}

void AttendanceDesk::outcome(uint64_t id, const OrderOutcome& outcome) {
  if (const Attendance* attendance = find(id)) orders_.ended(attendance->node, outcome);
}

void AttendanceDesk::row_changed(const ReplicaRecord& row) {
  KnownNode* node = context_.nodes.find(row.node);
  if (node == nullptr || node->link == nullptr) return;
  Attendance* attendance = find(node->attendance);
  if (attendance != nullptr && attendance->joining && row.state != ReplicaState::kDeleting) {
    attendance->touched.insert(row.replica);
  }
}

bool AttendanceDesk::turn() {
  bool more = false;
  std::vector<uint64_t> joining;
  for (const auto& [id, attendance] : attendances_) {
    if (attendance.joining && attendance.complete) joining.push_back(id);
  }
  size_t scans = 0;
  for (uint64_t id : joining) {
    Attendance* attendance = find(id);
    if (attendance == nullptr) continue;
    if (!attendance->scanned && scans++ < kScansPerTurn) scan(id, *attendance);
    more = more || !attendance->scanned;
    finish_if_done(id, *attendance);
  }
  return more;
}

// One page of the node's rows.
void AttendanceDesk::scan(uint64_t id, Attendance& attendance) {
  auto rows = [&]() -> Result<std::vector<ReplicaRecord>> {
    FSDFS_ASSIGN(auto view, context_.store.read());
    return view->replicas_on(attendance.node, attendance.cursor, kRowsPerScan);
  }();
  if (!rows.ok()) {
    context_.repeated.error("scan", "the records of node {} cannot be read: {}", to_string(attendance.node),
                            rows.status().to_string());
    return;
  }
  std::vector<ReplicaId> missing;
  for (const ReplicaRecord& row : *rows) {
    bool held = std::binary_search(attendance.held.begin(), attendance.held.end(), row.replica);
    if (!held && !attendance.touched.contains(row.replica)) missing.push_back(row.replica);
  }
  attendance.scanned = rows->size() < kRowsPerScan;
  if (!rows->empty()) attendance.cursor = rows->back().replica;
  if (!missing.empty()) drop_missing(id, attendance, std::move(missing));
}

void AttendanceDesk::drop_missing(uint64_t id, Attendance& attendance, std::vector<ReplicaId> missing) {
  context_.repeated.warning("missing", "node {} came without {} replicas that were recorded there",
                            to_string(attendance.node), missing.size());
  context_.events.add(
      {.node = attendance.node,
       .text = fmt::format("a node came without {} replicas that were recorded there", missing.size())});
  ++attendance.writes;
  context_.store.submit(
      {},
      [node = attendance.node,
       gone = std::move(missing)](WriteTransaction& transaction) -> Result<std::string> {
        for (const ReplicaId& replica : gone) FSDFS_TRY(apply_gone(transaction, node, replica).status());
        return std::string();
      },
      [this, id](const Result<std::string>& done) {
        context_.post([this, id, ok = done.ok()] { write_ended(id, ok); });
      });
}

void AttendanceDesk::write_ended(uint64_t id, bool ok) {
  Attendance* attendance = find(id);
  if (attendance == nullptr) return;
  --attendance->writes;
  if (!ok) attendance->failed = true;
  finish_if_done(id, *attendance);
}

void AttendanceDesk::finish_if_done(uint64_t id, Attendance& attendance) {
  if (!attendance.joining || !attendance.scanned || attendance.writes != 0) return;
  if (attendance.failed) {
    const KnownNode* node = context_.nodes.find(attendance.node);
    if (node != nullptr && node->link != nullptr) {
      node->link->close(unavailable("the master could not record the inventory: attend again"));
    }
    return detach(id);
  }
  attendance.joining = false;
  attendance.held = {};
  attendance.touched = {};
  context_.scheduler.node_reported(attendance.node);
  send(attendance, AcknowledgeMessage{attendance.acknowledged, true});
}

}  // namespace fsdfs::master
