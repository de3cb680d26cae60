// Reserve: keeps each node's write reserve whole, so that writes need not wait for evictions.
//
// When the free part falls under half of the reserve, copies with a surplus of at least 1 (spare copies of
// deleted files first) are evicted until it is whole or there are none. Not thread-safe.
#pragma once

#include <vector>

#include "master/scheduler/actions.h"

namespace fsdfs::master {

class Reserve {
 public:
  explicit Reserve(Actions& actions) : actions_(actions) {}

  void work(MonotonicTime now);

 private:
  struct State {
    bool refilling = false;
    uint64_t gave_up_at = UINT64_MAX;  // the model's wakes when nothing was left to evict
  };
  void refill(NodeIndex node, MonotonicTime now);

  Actions& actions_;
  std::vector<State> states_;
};

}  // namespace fsdfs::master
