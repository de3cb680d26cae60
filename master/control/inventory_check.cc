#include "master/control/inventory_check.h"

#include "master/control/replica_changes.h"

namespace fsdfs::master {
namespace {

// One row more than the node holds there is enough to know.
Result<bool> agrees(ReadView& view, const NodeId& node, const ReplicaId& after, const InventoryRange& range) {
  FSDFS_ASSIGN(auto rows, view.holdings_on(node, {after, range.last}, range.count + 1));
  if (rows.size() != range.count) return false;
  RangeDigest digest;
  for (const auto& [row, content] : rows) {
    if (row.state != ReplicaState::kWhole || !content || row.size != content->size) return false;
    digest.add(row.replica, content->size, content->digest, static_cast<uint8_t>(row.state));
  }
  return digest.finish() == range.digest;
}

}  // namespace

Result<RangesVerdict> check_ranges(ReadView& view, const NodeId& node, const InventoryRanges& told) {
  RangesVerdict verdict;
  ReplicaId after = told.after;
  for (const InventoryRange& range : told.ranges) {
    FSDFS_ASSIGN(bool agreed, agrees(view, node, after, range));
    if (!agreed) {
      ++verdict.differing;
      bool adjoins = !verdict.spans.empty() && verdict.spans.back().last == after;
      if (!adjoins) verdict.spans.push_back({after, after});
      verdict.spans.back().last = range.last;
    }
    after = range.last;
  }
  return verdict;
}

Result<PageVerdict> check_page(ReadView& view, const NodeId& node, const InventoryPage& page,
                               size_t rows_max) {
  FSDFS_ASSIGN(auto rows, view.holdings_on(node, page.span, rows_max));
  PageVerdict verdict;
  verdict.upto = rows.size() < rows_max ? page.span.last : rows.back().row.replica;
  auto row = rows.begin();
  for (const HeldReplica& held : page.held) {
    if (held.replica > verdict.upto) break;
    for (; row != rows.end() && row->row.replica < held.replica; ++row) {
      verdict.missing.push_back(row->row.replica);
    }
    bool recorded = row != rows.end() && row->row.replica == held.replica;
    if (!recorded || !is_settled(*row, held)) verdict.differing.push_back(held);
    if (recorded) ++row;
  }
  for (; row != rows.end(); ++row) verdict.missing.push_back(row->row.replica);
  return verdict;
}

}  // namespace fsdfs::master
