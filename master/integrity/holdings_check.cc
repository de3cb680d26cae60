#include "master/integrity/holdings_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace fsdfs::master {
namespace {

constexpr size_t kRowsPage = 1000;

std::string_view state_text(ReplicaState state) {
  switch (state) {
    case ReplicaState::kWhole:
      return "whole";
    case ReplicaState::kStale:
      return "old";
    case ReplicaState::kDeleting:
      return "being deleted";
    case ReplicaState::kQuarantined:
      return "bad";
  }
  return "unknown";
}

Finding finding_of(FindingKind kind, const NodeId& node, const ReplicaId& id, std::string what,
                   std::string remedy) {
  Finding finding;
  finding.kind = kind;
  finding.inode = id.inode;
  finding.id = id;
  finding.node = node;
  finding.what = fmt::format("version {} {}", id.version.to_string(), what);
  finding.remedy = std::move(remedy);
  return finding;
}

// What the record of a held replica should say.
ReplicaState right_state(const Inode& inode, const HeldReplica& held) {
  if (held.replica.version != inode.version) return ReplicaState::kStale;
  bool good = held.state == ReplicaState::kWhole && held.content == inode.content;
  return good ? ReplicaState::kWhole : ReplicaState::kQuarantined;
}

Result<std::optional<Finding>> judge_held(ReadView& view, const NodeId& node, const HeldReplica& held,
                                          const std::optional<ReplicaRecord>& row) {
  const ReplicaId& id = held.replica;
  FSDFS_ASSIGN(auto session, view.session_of(id));
  if (session) return std::optional<Finding>();
  FSDFS_ASSIGN(auto inode, view.inode(id.inode));
  if (!inode || id.version > inode->version) {
    FSDFS_ASSIGN(bool tombstone, view.is_tombstone(id));
    if (tombstone || row)
      return std::optional<Finding>();  // a deletion is due, or the record itself is wrong
    return std::optional(finding_of(FindingKind::kUnknown, node, id,
                                    "is held there, and of no file that is known; it is kept aside", ""));
  }
  ReplicaState right = right_state(*inode, held);
  // An old version that turned bad is still an old version.
  if (row && (row->state == right || row->replica.version != inode->version)) return std::optional<Finding>();
  Finding finding = finding_of(
      row ? FindingKind::kOtherState : FindingKind::kUnrecorded, node, id,
      row ? fmt::format("is {} there, and recorded as {}", state_text(right), state_text(row->state))
          : fmt::format("is held there, {}, and not recorded", state_text(right)),
      fmt::format("record it as {}", state_text(right)));
  finding.held = held;
  return std::optional(std::move(finding));
}

Result<std::optional<Finding>> judge(ReadView& view, const NodeId& node, const ReplicaId& id,
                                     const HeldReplica* held) {
  FSDFS_ASSIGN(auto row, view.replica(id, node));
  if (row && row->state == ReplicaState::kDeleting) return std::optional<Finding>();
  if (held != nullptr) return judge_held(view, node, *held, row);
  if (!row) return std::optional<Finding>();
  Finding finding = finding_of(FindingKind::kMissing, node, id,
                               fmt::format("is recorded there as {}, and not there", state_text(row->state)),
                               "remove the record, so that another copy is made");
  finding.row = *row;
  return std::optional(std::move(finding));
}

}  // namespace

Result<std::vector<ReplicaId>> suspicions(ReadView& view, const NodeId& node, const ReplicaId& after,
                                          const ReplicaId& last, const Holdings& held) {
  Holdings unrecorded = held;
  std::vector<ReplicaId> missing;
  ReplicaId cursor = after;
  bool more = true;
  while (more) {
    FSDFS_ASSIGN(auto rows, view.replicas_on(node, cursor, kRowsPage));
    more = rows.size() == kRowsPage;
    for (const ReplicaRecord& row : rows) {
      if (row.replica > last) {
        more = false;
        break;
      }
      cursor = row.replica;
      auto found = unrecorded.find(row.replica);
      if (found == unrecorded.end()) {
        missing.push_back(row.replica);
      } else {
        FSDFS_ASSIGN(auto finding, judge(view, node, row.replica, &found->second));
        if (!finding) unrecorded.erase(found);
      }
    }
  }
  for (const auto& [id, replica] : unrecorded) missing.push_back(id);
  std::sort(missing.begin(), missing.end());
  return missing;
}

Result<Findings> check_holdings(ReadView& view, const NodeId& node, const std::vector<ReplicaId>& ids,
                                const Holdings& held) {
  Findings findings;
  for (const ReplicaId& id : ids) {
    auto found = held.find(id);
    FSDFS_ASSIGN(auto finding, judge(view, node, id, found == held.end() ? nullptr : &found->second));
    if (finding) findings.push_back(std::move(*finding));
  }
  return findings;
}

}  // namespace fsdfs::master
