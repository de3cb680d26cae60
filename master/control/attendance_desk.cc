#include "master/control/attendance_desk.h"

#include <fmt/format.h>

#include <algorithm>

namespace fsdfs::master {
namespace {

constexpr size_t kReplicasPerOperation = 256;

// The parts of `all` that one operation each takes.
template <typename Each, typename Take>
void in_batches(const std::vector<Each>& all, Take take) {
  for (size_t at = 0; at < all.size(); at += kReplicasPerOperation) {
    auto begin = all.begin() + static_cast<ptrdiff_t>(at);
    auto end = all.begin() + static_cast<ptrdiff_t>(std::min(at + kReplicasPerOperation, all.size()));
    take(std::vector<Each>(begin, end));
  }
}

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

void AttendanceDesk::end_former(const NodeId& id) {
  const KnownNode* node = context_.nodes.find(id);
  if (node != nullptr && node->link != nullptr) give_up(node->attendance, aborted("the node attends anew"));
}

void AttendanceDesk::attach(uint64_t id, const NodeHello& hello, std::shared_ptr<NodeLink> link) {
  KnownNode* node = context_.nodes.find(hello.node);
  if (node == nullptr || node->record.admin_state == AdminState::kRemoving) {
    return link->close(unavailable("the node has just been removed: attend again"));
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
  WelcomeMessage welcome{context_.store.swarm(), context_.settings.report_interval, context_.settings.lease,
                         context_.clock.wall()};
  // It may have ended before it came here, and then nobody else will say so.
  if (!node->link->send(context_.store.epoch(), welcome)) detach(id);
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

void AttendanceDesk::give_up(uint64_t id, const Status& why) {
  const Attendance* attendance = find(id);
  if (attendance == nullptr) return;
  const KnownNode* node = context_.nodes.find(attendance->node);
  if (node != nullptr && node->link != nullptr && node->attendance == id) node->link->close(why);
  detach(id);
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

void AttendanceDesk::ranges_came(uint64_t id, const InventoryRanges& told, const RangesVerdict& verdict) {
  Attendance* attendance = find(id);
  if (attendance == nullptr) return;
  if (!attendance->inventory.ranges_came(told)) {
    return give_up(id, invalid_argument("ranges of an inventory do not follow one another: attend again"));
  }
  for (const InventoryRange& range : told.ranges) attendance->figures.replicas += range.count;
  attendance->figures.ranges += told.ranges.size();
  attendance->figures.ranges_differing += verdict.differing;
  for (const ReplicaSpan& span : verdict.spans) attendance->inventory.asked_for(span);
  if (!verdict.spans.empty()) send(*attendance, InventoryMessage{verdict.spans});
  finish_if_done(id, *attendance);
}

void AttendanceDesk::page_came(uint64_t id, const ReplicaSpan& span, size_t named, PageVerdict verdict) {
  Attendance* attendance = find(id);
  if (attendance == nullptr) return;
  if (!attendance->inventory.page_came(span)) {
    return give_up(id, invalid_argument("a page of an inventory was not asked for: attend again"));
  }
  attendance->figures.travelled += named;
  ++attendance->writes;  // so that none of those below ends the reconciliation before all are on their way
  if (verdict.upto != span.last) {
    ReplicaSpan rest{verdict.upto, span.last};
    attendance->inventory.asked_for(rest);
    send(*attendance, InventoryMessage{{rest}});
  }
  in_batches(verdict.differing,
             [&](Held held) { submit_held(id, *attendance, std::make_shared<Held>(std::move(held))); });
  if (!verdict.missing.empty()) settle_missing(id, *attendance, std::move(verdict.missing));
  write_ended(id, true);
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
  node->capacity = report.capacity;
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
  note_verified(node_id, report.verified);
  return Reporter{node_id, attendance->incarnation};
}

std::optional<AttendanceDesk::Reporter> AttendanceDesk::reporter(uint64_t id) {
  const Attendance* attendance = find(id);
  if (attendance == nullptr) return std::nullopt;
  return Reporter{attendance->node, attendance->incarnation};
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
void AttendanceDesk::note_verified(const NodeId& node, const std::vector<VerifiedReplica>& verified) {
  in_batches(verified, [&](std::vector<VerifiedReplica> batch) {
    context_.store.submit(
        {},
        [node, batch = std::move(batch),
         rule = retire_rule()](WriteTransaction& transaction) -> Result<std::string> {
          FSDFS_TRY(check_registered(transaction, node));
          for (const VerifiedReplica& each : batch) FSDFS_TRY(apply_verified(transaction, node, each, rule));
          return std::string();
        },
        [](const Result<std::string>&) {});
  });
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
  if (attendance.joining) touch(attendance, *fresh);
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
      [this, id, fresh, held, verdicts, gone, last, node_id = attendance.node,
       repetition = attendance.repetition](const Result<std::string>& done) {
        context_.post([this, id, fresh, held, verdicts, gone, last, node_id, repetition, ok = done.ok()] {
          Attendance* present = find(id);
          if (!ok) {
            if (present != nullptr && present->repetition == repetition) {
              present->submitted = present->acknowledged;
              ++present->repetition;
            }
            return;
          }
          note_verdicts(node_id, *held, *verdicts);
          note_gone(node_id, *gone);
          forget_unknown(node_id, *fresh);
          // Behind changes that could not be written nothing is acknowledged: the node repeats them all.
          if (present == nullptr || present->repetition != repetition) return;
          present->acknowledged = std::max(present->acknowledged, last);
          send(*present, AcknowledgeMessage{present->acknowledged, false});
        });
      });
}

// A row that stands already is not made anew by what came, and is not to be taken for missing all the same.
void AttendanceDesk::touch(Attendance& attendance, const std::vector<NodeChange>& changes) {
  for (const NodeChange& change : changes) {
    if (const auto* came = std::get_if<HeldReplica>(&change.change)) attendance.touched.insert(came->replica);
  }
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

// The view that the rows were seen in may show a commit that this loop has not been told of. Once the writer
// has done what it was given by now, it has been.
void AttendanceDesk::settle_missing(uint64_t id, Attendance& attendance, std::vector<ReplicaId> missing) {
  ++attendance.writes;
  context_.when_written([this, id, missing = std::move(missing)](const Status& written) {
    Attendance* present = find(id);
    if (present == nullptr) return;
    if (written.ok()) {
      std::vector<ReplicaId> gone;
      for (const ReplicaId& replica : missing) {
        if (!present->touched.contains(replica)) gone.push_back(replica);
      }
      if (!gone.empty()) drop_missing(id, *present, gone);
    }
    write_ended(id, written.ok());
  });
}

void AttendanceDesk::drop_missing(uint64_t id, Attendance& attendance,
                                  const std::vector<ReplicaId>& missing) {
  context_.repeated.warning("missing", "node {} came without {} replicas that were recorded there",
                            to_string(attendance.node), missing.size());
  context_.events.add(
      {.node = attendance.node,
       .text = fmt::format("a node came without {} replicas that were recorded there", missing.size())});
  in_batches(missing, [&](std::vector<ReplicaId> batch) {
    ++attendance.writes;
    context_.store.submit(
        {},
        [node = attendance.node,
         gone = std::move(batch)](WriteTransaction& transaction) -> Result<std::string> {
          for (const ReplicaId& replica : gone) FSDFS_TRY(apply_gone(transaction, node, replica).status());
          return std::string();
        },
        [this, id](const Result<std::string>& done) {
          context_.post([this, id, ok = done.ok()] { write_ended(id, ok); });
        });
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
  if (!attendance.joining || !attendance.inventory.complete() || attendance.writes != 0) return;
  if (attendance.failed) {
    return give_up(id, unavailable("the master could not record the inventory: attend again"));
  }
  attendance.joining = false;
  attendance.touched = {};
  const InventoryFigures& figures = attendance.figures;
  context_.logger.info(
      "the inventory of node {} is recorded: {} replicas in {} ranges, of which {} differed; {} replicas "
      "were named",
      to_string(attendance.node), figures.replicas, figures.ranges, figures.ranges_differing,
      figures.travelled);
  if (KnownNode* node = context_.nodes.find(attendance.node)) node->inventory = figures;
  context_.scheduler.node_reported(attendance.node);
  send(attendance, AcknowledgeMessage{attendance.acknowledged, true});
}

}  // namespace fsdfs::master
