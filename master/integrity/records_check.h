// RecordsCheck: the master's own records held against each other, a page at a time, each page over a view of
// its own, so that nothing waits for it and its memory stays flat. What belongs together is read in one view.
//
// For one thread. Changes nothing.
#pragma once

#include "common/status.h"
#include "master/control/swarm_view.h"
#include "master/integrity/finding.h"

namespace fsdfs::master {

class RecordsCheck {
 public:
  static constexpr size_t kPage = 500;

  // The next page: adds what it finds. False: that was all.
  Result<bool> step(ReadView& view, const SwarmView& swarm, Findings& findings);
  uint64_t looked_at() const { return looked_at_; }  // inodes, names and quotas so far

 private:
  enum class Part : uint8_t { kInodes, kNames, kTotals, kQuotas, kEnd };

  Status check_inodes(ReadView& view, const SwarmView& swarm, Findings& findings);
  Status check_names(ReadView& view, Findings& findings);
  Status check_totals(ReadView& view, Findings& findings);
  Status check_quotas(ReadView& view, Findings& findings);

  Part part_ = Part::kInodes;
  InodeId inode_;  // the last one looked at, of this part
  EntryCursor entry_;
  uint64_t looked_at_ = 0;
};

}  // namespace fsdfs::master
