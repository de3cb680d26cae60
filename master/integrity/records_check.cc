#include "master/integrity/records_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>

namespace fsdfs::master {
namespace {

Finding of_inode(FindingKind kind, InodeId inode, std::string what, std::string remedy = {}) {
  Finding finding;
  finding.kind = kind;
  finding.inode = inode;
  finding.what = std::move(what);
  finding.remedy = std::move(remedy);
  return finding;
}

Status check_links(ReadView& view, const Inode& inode, Findings& findings) {
  FSDFS_ASSIGN(uint64_t names, view.count_names(inode.id));
  bool directory = inode.type == FileType::kDirectory;
  if (names == 0 && inode.id != kRootInode) {
    FSDFS_ASSIGN(auto trash, view.trash(inode.id));
    if (trash && inode.in_trash()) return {};
    findings.push_back(of_inode(FindingKind::kNoName, inode.id,
                                fmt::format("no name leads to it, and it has {} links", inode.links)));
    return {};
  }
  uint64_t links = names;
  if (directory) {
    FSDFS_ASSIGN(links, view.count_subdirectories(inode.id));
    links += 2;
  }
  if (inode.links == links) return {};
  findings.push_back(of_inode(FindingKind::kLinkCount, inode.id,
                              fmt::format("it has {} links, and {} lead to it", inode.links, links),
                              fmt::format("set its links to {}", links)));
  return {};
}

Finding of_row(FindingKind kind, const ReplicaRecord& row, std::string what, std::string remedy) {
  Finding finding = of_inode(kind, row.replica.inode, std::move(what), std::move(remedy));
  finding.node = row.node;
  finding.row = row;
  return finding;
}

// `inode`: null when there is none.
void check_row(const ReplicaRecord& row, const Inode* inode, Findings& findings) {
  if (row.state == ReplicaState::kDeleting) return;
  const std::string version = row.replica.version.to_string();
  if (inode == nullptr || row.replica.version > inode->version) {
    findings.push_back(of_row(FindingKind::kStrayRow, row,
                              fmt::format("version {} is recorded there, and there is no such {}", version,
                                          inode == nullptr ? "file" : "version"),
                              "remove the record; the replica itself is kept aside"));
  } else if (row.replica.version < inode->version && row.state == ReplicaState::kWhole) {
    findings.push_back(of_row(
        FindingKind::kOldAsWhole, row,
        fmt::format("version {} is recorded as current, and {} is", version, inode->version.to_string()),
        "record it as old"));
  }
}

void check_copies(const Inode& inode, std::span<const ReplicaRecord> rows, const SwarmView& swarm,
                  Findings& findings) {
  if (inode.version.none()) return;
  size_t live = 0, dead = 0, bad = 0;
  std::string where;
  for (const ReplicaRecord& row : rows) {
    if (row.state == ReplicaState::kWhole && row.replica.version == inode.version) {
      ++(swarm.is_live(row.node) ? live : dead);
    } else if (row.state == ReplicaState::kQuarantined) {
      ++bad;
      const NodeStatus* node = swarm.find(row.node);
      where += (where.empty() ? "" : ", ") + (node == nullptr ? to_string(row.node) : node->record.address);
    }
  }
  if (live != 0) return;
  std::string kept = bad == 0 ? "" : "; bad ones are kept in quarantine at " + where;
  if (dead != 0) {
    findings.push_back(of_inode(FindingKind::kUnavailable, inode.id,
                                fmt::format("its {} whole copies are on nodes that are dead{}", dead, kept)));
  } else if (bad != 0) {
    findings.push_back(of_inode(FindingKind::kOnlyBad, inode.id, "it has no whole copy" + kept));
  } else {
    findings.push_back(of_inode(FindingKind::kNoCopy, inode.id, "no copy of it is recorded"));
  }
}

}  // namespace

Result<bool> RecordsCheck::step(ReadView& view, const SwarmView& swarm, Findings& findings) {
  switch (part_) {
    case Part::kInodes:
      FSDFS_TRY(check_inodes(view, swarm, findings));
      break;
    case Part::kNames:
      FSDFS_TRY(check_names(view, findings));
      break;
    case Part::kTotals:
      FSDFS_TRY(check_totals(view, findings));
      break;
    case Part::kQuotas:
      FSDFS_TRY(check_quotas(view, findings));
      break;
    case Part::kEnd:
      break;
  }
  return part_ != Part::kEnd;
}

Status RecordsCheck::check_inodes(ReadView& view, const SwarmView& swarm, Findings& findings) {
  FSDFS_ASSIGN(auto inodes, view.inodes(inode_, kPage));
  FSDFS_ASSIGN(FilePage page, view.files(inode_, kPage));
  std::sort(page.replicas.begin(), page.replicas.end(),
            [](const auto& a, const auto& b) { return a.replica < b.replica; });
  auto row = page.replicas.begin();
  auto stray_until = [&](InodeId inode) {
    for (; row != page.replicas.end() && row->replica.inode < inode; ++row)
      check_row(*row, nullptr, findings);
  };
  for (const Inode& inode : inodes) {
    stray_until(inode.id);
    FSDFS_TRY(check_links(view, inode, findings));
    auto first = row;
    for (; row != page.replicas.end() && row->replica.inode == inode.id; ++row) {
      check_row(*row, &inode, findings);
    }
    if (inode.type == FileType::kRegular) check_copies(inode, {first, row}, swarm, findings);
  }
  for (; row != page.replicas.end(); ++row) check_row(*row, nullptr, findings);
  looked_at_ += inodes.size();
  inode_ = page.last;
  if (page.end) part_ = Part::kNames;
  return {};
}

Status RecordsCheck::check_names(ReadView& view, Findings& findings) {
  FSDFS_ASSIGN(auto entries, view.entries_after(entry_, kPage));
  for (const Entry& entry : entries) {
    FSDFS_ASSIGN(auto inode, view.inode(entry.inode));
    if (inode) continue;
    Finding finding = of_inode(FindingKind::kDeadName, entry.inode, "a name leads to it, and it is not there",
                               "remove the name");
    finding.entry = entry;
    findings.push_back(std::move(finding));
  }
  looked_at_ += entries.size();
  if (entries.size() < kPage) part_ = Part::kTotals;
  if (!entries.empty()) entry_ = {entries.back().parent, entries.back().cookie};
  return {};
}

Status RecordsCheck::check_totals(ReadView& view, Findings& findings) {
  part_ = Part::kQuotas;
  inode_ = {};
  FSDFS_ASSIGN(Totals said, view.totals());
  FSDFS_ASSIGN(Totals counted, view.count_totals());
  auto drift = [](uint64_t right, uint64_t wrong) { return static_cast<int64_t>(right - wrong); };
  TotalsDrift by{drift(counted.files, said.files), drift(counted.directories, said.directories),
                 drift(counted.bytes, said.bytes), drift(counted.trash_files, said.trash_files),
                 drift(counted.trash_bytes, said.trash_bytes)};
  if (by == TotalsDrift{}) return {};
  Finding finding = of_inode(
      FindingKind::kTotals, InodeId{},
      fmt::format("the counters say {} files, {} directories, {} bytes, and in the trash {} files, {} bytes; "
                  "there are {}, {}, {}, and {}, {}",
                  said.files, said.directories, said.bytes, said.trash_files, said.trash_bytes, counted.files,
                  counted.directories, counted.bytes, counted.trash_files, counted.trash_bytes),
      "set them right");
  finding.drift = by;
  findings.push_back(std::move(finding));
  return {};
}

Status RecordsCheck::check_quotas(ReadView& view, Findings& findings) {
  FSDFS_ASSIGN(auto quotas, view.quotas(inode_, 1));
  if (quotas.empty()) {
    part_ = Part::kEnd;
    return {};
  }
  const QuotaRecord& quota = quotas.front();
  inode_ = quota.directory;
  ++looked_at_;
  FSDFS_ASSIGN(Usage used, view.usage_below(quota.directory));
  if (used == Usage{quota.bytes_used, quota.files_used}) return {};
  Finding finding = of_inode(FindingKind::kQuota, quota.directory,
                             fmt::format("its quota says {} bytes and {} files below it; there are {} and {}",
                                         quota.bytes_used, quota.files_used, used.bytes, used.files),
                             "set it right");
  finding.drift.bytes = static_cast<int64_t>(used.bytes - quota.bytes_used);
  finding.drift.files = static_cast<int64_t>(used.files - quota.files_used);
  findings.push_back(std::move(finding));
  return {};
}

}  // namespace fsdfs::master
