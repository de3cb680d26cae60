// Which rules speak of paths where no file is: most likely a slip of the pen, to be told to who sets the
// policy.
#pragma once

#include <vector>

#include "master/policy/rules.h"
#include "master/store/store.h"

namespace fsdfs::master {

struct Unmatched {
  std::vector<size_t> rules;  // whose glob matches no file
  bool complete = true;       // false: the search was given up, and what it had not decided counts as matched
};

// Looks at `entries_max` names at most, on views that it renews. Takes time: for calls that may wait.
Result<Unmatched> find_unmatched(MetadataStore& store, const RuleSet& rules, uint64_t entries_max);

}  // namespace fsdfs::master
