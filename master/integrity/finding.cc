#include "master/integrity/finding.h"

#include <array>
#include <limits>

#include "master/control/replica_changes.h"

namespace fsdfs::master {
namespace {

Status repair_links(WriteTransaction& transaction, InodeId id) {
  FSDFS_ASSIGN(auto inode, transaction.inode(id));
  if (!inode) return {};
  FSDFS_ASSIGN(uint64_t names, transaction.count_names(id));
  FSDFS_ASSIGN(uint64_t below, transaction.count_subdirectories(id));
  Inode after = *inode;
  after.links = static_cast<uint32_t>(inode->type == FileType::kDirectory ? 2 + below : names);
  if (after.links == inode->links || after.links == 0) return {};
  return transaction.update_inode(*inode, after);
}

Status repair_name(WriteTransaction& transaction, const Entry& entry) {
  FSDFS_ASSIGN(auto found, transaction.entry(entry.parent, entry.name));
  if (!found || *found != entry) return {};
  FSDFS_ASSIGN(auto inode, transaction.inode(entry.inode));
  return inode ? Status() : transaction.remove_entry(entry);
}

Status repair_quota(WriteTransaction& transaction, InodeId directory, const TotalsDrift& drift) {
  FSDFS_ASSIGN(auto quota, transaction.quota(directory));
  if (!quota) return {};
  quota->bytes_used += static_cast<uint64_t>(drift.bytes);
  quota->files_used += static_cast<uint64_t>(drift.files);
  return transaction.put_quota(*quota);
}

// As it was when it was found.
Result<bool> is_unchanged(WriteTransaction& transaction, const ReplicaRecord& row) {
  FSDFS_ASSIGN(auto found, transaction.replica(row.replica, row.node));
  return found && found->state == row.state && found->size == row.size;
}

Status repair_row(WriteTransaction& transaction, const Finding& finding) {
  FSDFS_ASSIGN(bool unchanged, is_unchanged(transaction, finding.row));
  if (!unchanged) return {};
  if (finding.kind != FindingKind::kOldAsWhole) {
    return transaction.remove_replica(finding.row.replica, finding.row.node);
  }
  ReplicaRecord right = finding.row;
  right.state = ReplicaState::kStale;
  return transaction.put_replica(right);
}

// Records it as a report would, but lets no bad copy go.
Status repair_held(WriteTransaction& transaction, const Finding& finding) {
  FSDFS_TRY(check_registered(transaction, finding.node));
  RetireRule none{.copies_needed = std::numeric_limits<uint32_t>::max()};
  return apply_held(transaction, finding.node, finding.held, none).status();
}

}  // namespace

std::string_view name_of(FindingKind kind) {
  constexpr std::array<std::string_view, 14> kNames = {
      "no_name",  "link_count", "dead_name",   "totals",  "quota",      "stray_record", "old_as_whole",
      "only_bad", "no_copy",    "unavailable", "missing", "unrecorded", "other_state",  "unknown"};
  return kNames.at(static_cast<size_t>(kind));
}

Status repair(WriteTransaction& transaction, const Finding& finding) {
  switch (finding.kind) {
    case FindingKind::kLinkCount:
      return repair_links(transaction, finding.inode);
    case FindingKind::kDeadName:
      return repair_name(transaction, finding.entry);
    case FindingKind::kTotals:
      return transaction.adjust_totals(finding.drift);
    case FindingKind::kQuota:
      return repair_quota(transaction, finding.inode, finding.drift);
    case FindingKind::kStrayRow:
    case FindingKind::kOldAsWhole:
    case FindingKind::kMissing:
      return repair_row(transaction, finding);
    case FindingKind::kUnrecorded:
    case FindingKind::kOtherState:
      return repair_held(transaction, finding);
    case FindingKind::kNoName:
    case FindingKind::kOnlyBad:
    case FindingKind::kNoCopy:
    case FindingKind::kUnavailable:
    case FindingKind::kUnknown:
      return {};
  }
  return {};
}

}  // namespace fsdfs::master
