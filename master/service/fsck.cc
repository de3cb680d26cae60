#include "master/service/fsck.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "common/path.h"
#include "master/integrity/records_check.h"
#include "master/namespace/inode_path.h"
#include "master/service/awaited.h"
#include "master/service/convert.h"

namespace fsdfs::master {
namespace {

constexpr Duration kNodePatience = std::chrono::seconds(30);
// How long a difference may be a report on its way: a few intervals of reports, and this at the least.
constexpr int kSettleIntervals = 3;
constexpr Duration kSettleMin = std::chrono::seconds(1);
constexpr Duration kSettleLook = std::chrono::milliseconds(200);
constexpr size_t kIdsInQuestion = 1000;

}  // namespace

Status Fsck::run() {
  FSDFS_TRY(check_records());
  auto swarm = context_.control.view();
  v1::FsckProgress last;
  for (const NodeStatus& node : swarm->nodes()) {
    FSDFS_TRY(stopped_());
    if (node.attending) {
      FSDFS_TRY(check_node(node.record));
    } else if (node.record.admin_state != AdminState::kRemoving) {
      *last.add_not_asked() = to_proto(node.record);
    }
  }
  last.set_done(true);
  last.set_records(records_);
  last.set_found(found_);
  last.set_repaired(repaired_);
  tell_(last);
  context_.logger.log(found_ == repaired_ ? LogLevel::kInfo : LogLevel::kWarning,
                      "fsck: {} records checked, {} findings, {} repaired", records_, found_, repaired_);
  return {};
}

void Fsck::progress(const std::string& what, uint64_t done) {
  v1::FsckProgress message;
  message.set_what(what);
  message.set_records(done);
  tell_(message);
}

Status Fsck::check_records() {
  RecordsCheck check;
  bool more = true;
  while (more) {
    FSDFS_TRY(stopped_());
    Findings findings;
    auto swarm = context_.control.view();
    {
      FSDFS_ASSIGN(auto view, context_.store.read());
      FSDFS_ASSIGN(more, check.step(*view, *swarm, findings));
    }
    FSDFS_TRY(report(std::move(findings)));
    progress("records", check.looked_at());
  }
  records_ += check.looked_at();
  return {};
}

std::optional<AuditAnswer> Fsck::ask_node(AuditQuestion question) {
  // Shared with the loop, which may come late.
  auto answer = std::make_shared<Awaited<std::optional<AuditAnswer>>>();
  bool asked = context_.control.audit(
      std::move(question), [answer](std::optional<AuditAnswer> given) { answer->set(std::move(given)); });
  MonotonicTime end = context_.clock.now() + kNodePatience;
  while (asked && stopped_().ok() && context_.clock.now() < end) {
    if (auto given = answer->take(kSettleLook)) return std::move(*given);
  }
  return std::nullopt;
}

Status Fsck::not_answered(const NodeRecord& node) {
  v1::FsckProgress message;
  *message.add_not_asked() = to_proto(node);
  tell_(message);
  return {};
}

Status Fsck::check_node(const NodeRecord& node) {
  ReplicaId after;
  bool more = true;
  uint64_t done = 0;
  while (more) {
    FSDFS_TRY(stopped_());
    auto answer = ask_node({.node = node.id, .ids = {}, .after = after});
    if (!answer) return not_answered(node);
    more = !answer->last && !answer->held.empty();
    constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
    ReplicaId last = more ? answer->held.back().replica : ReplicaId{InodeId{kMost}, {Epoch{kMost}, kMost}};
    Holdings held;
    for (HeldReplica& each : answer->held) held.emplace(each.replica, std::move(each));
    done += held.size();
    std::vector<ReplicaId> ids;
    {
      FSDFS_ASSIGN(auto view, context_.store.read());
      FSDFS_ASSIGN(ids, suspicions(*view, node.id, after, last, held));
    }
    for (size_t at = 0; at < ids.size(); at += kIdsInQuestion) {
      auto begin = ids.begin() + static_cast<ptrdiff_t>(at);
      auto end = ids.begin() + static_cast<ptrdiff_t>(std::min(at + kIdsInQuestion, ids.size()));
      FSDFS_TRY(confirm(node, {begin, end}));
    }
    after = last;
    progress("node " + node.address, done);
  }
  records_ += done;
  return {};
}

// What is still so once every report that was on its way has come through.
Status Fsck::confirm(const NodeRecord& node, std::vector<ReplicaId> ids) {
  MonotonicTime end =
      context_.clock.now() + std::max(kSettleMin, kSettleIntervals * context_.settings.report_interval);
  Findings findings;
  while (!ids.empty()) {
    FSDFS_TRY(stopped_());
    auto answer = ask_node({.node = node.id, .ids = ids, .after = {}});
    if (!answer) return not_answered(node);
    Holdings held;
    for (HeldReplica& each : answer->held) held.emplace(each.replica, std::move(each));
    FSDFS_ASSIGN(auto view, context_.store.read());
    FSDFS_ASSIGN(findings, check_holdings(*view, node.id, ids, held));
    view.reset();
    if (context_.clock.now() >= end) break;
    ids.clear();
    for (const Finding& finding : findings) ids.push_back(finding.id);
    if (!ids.empty()) (void)pause_.wait_for(kSettleLook);
  }
  return report(std::move(findings));
}

Status Fsck::report(Findings findings) {
  if (findings.empty()) return {};
  FSDFS_ASSIGN(auto view, context_.store.read());
  InodePaths paths(*view);
  auto swarm = context_.control.view();
  v1::FsckProgress message;
  for (const Finding& finding : findings) {
    v1::FsckFinding& out = *message.add_findings();
    out.set_kind(std::string(name_of(finding.kind)));
    out.set_inode(finding.inode.value);
    if (auto path = paths.path(finding.inode); path.ok() && finding.inode.value != 0) out.set_path(*path);
    const NodeStatus* node = swarm->find(finding.node);
    if (node != nullptr) *out.mutable_node() = to_proto(node->record);
    out.set_what(finding.what);
    out.set_remedy(finding.remedy);
  }
  view.reset();
  for (size_t i = 0; i < findings.size(); ++i) {
    v1::FsckFinding& out = *message.mutable_findings(static_cast<int>(i));
    ++found_;
    Status repaired;
    if (repair_ && !findings[i].remedy.empty()) {
      repaired = context_.store
                     .write({},
                            [&finding = findings[i]](WriteTransaction& transaction) -> Result<std::string> {
                              FSDFS_TRY(fsdfs::master::repair(transaction, finding));
                              return std::string();
                            })
                     .status();
      out.set_repaired(repaired.ok());
      if (repaired.ok()) ++repaired_;
    }
    context_.logger.warning("fsck: {}: {} {} {}: {}{}", out.kind(),
                            out.path().empty() ? "inode " + std::to_string(out.inode()) : display(out.path()),
                            out.node().address().empty() ? "" : "at " + out.node().address(), out.what(),
                            out.remedy().empty() ? "left to people" : out.remedy(),
                            out.repaired()  ? " (done)"
                            : repaired.ok() ? ""
                                            : ": " + repaired.message());
  }
  tell_(message);
  return {};
}

}  // namespace fsdfs::master
