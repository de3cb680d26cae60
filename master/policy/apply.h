// How a policy's decisions become the N in effect: functions over one transaction of the store, which look at
// each file anew, as it may have changed since it was read. Called by the policy engine and the namespace's
// operations.
#pragma once

#include <optional>

#include "master/policy/facts.h"

namespace fsdfs::master {

// What was written; none when nothing had to be.
using Applied = Result<std::optional<Inode>>;

// Writes N and who decided it.
Applied set_effective(WriteTransaction& transaction, const Inode& file, double target, TargetSource source);

// Decides without the hook. `automatic`: only automatic vars have changed. A file that is gone is no error.
Applied apply_rules(WriteTransaction& transaction, const Policy& policy, FactReader& facts, InodeId file,
                    bool automatic);

// What the hook said of a file, as it was when it was asked about.
struct HookDecision {
  InodeId file;
  uint64_t metadata_counter = 0;
  std::optional<double> number;  // none: no opinion
  bool automatic = false;
};
// Nothing where the file has changed since: that change has it asked about again.
Applied apply_hook(WriteTransaction& transaction, const Policy& policy, FactReader& facts,
                   const HookDecision& decision);

}  // namespace fsdfs::master
