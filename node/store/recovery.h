// Recovery: what a store does before it serves: sweep the stage, open the index, and, where the index was not
// closed cleanly, bring it in line with what is on the disk. Internal to node/store; for one thread.
//
// What the scan finds, and what becomes of it:
//   data and sidecar that agree           a row: whole (quarantined if the row says that it was found bad)
//   data without a good sidecar           if the row's digest is that of its bytes, a new sidecar is made:
//   whole;
//                                         else quarantined: bytes that nobody can vouch for are kept, not
//                                         served
//   data of another length than said      quarantined
//   a sidecar without data                removed: it holds no content
//   a row without data                    dropped
// Memory stays flat however many replicas there are.
#pragma once

#include <memory>

#include "common/status.h"
#include "node/store/store_core.h"

namespace fsdfs::node {

struct OpenedIndex {
  std::unique_ptr<Index> index;
  bool reconcile = false;  // it was made anew, or not closed cleanly
};
// The index, with its mark of a clean close taken off durably.
Result<OpenedIndex> open_index(const Layout& layout, Disk& disk, Logger& logger);

// Sweeps stages and, if asked to, reconciles the index.
Status recover(StoreCore& core, bool reconcile);

Status mark_index_clean(const Layout& layout, Disk& disk);

}  // namespace fsdfs::node
