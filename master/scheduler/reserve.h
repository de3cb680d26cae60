// Reserve: keeps each node's write reserve whole, so that writes need not wait for evictions.
//
// When the free part falls under half of the reserve, copies with a surplus of at least 1 (spare copies of
// deleted files first) are evicted until it is whole or there are none. A node to whom that brings no room is
// left alone for a while, longer each time. Not thread-safe.
#pragma once

#include <vector>

#include "master/scheduler/actions.h"

namespace fsdfs::master {

class Reserve {
 public:
  explicit Reserve(Actions& actions) : actions_(actions) {}

  void work(MonotonicTime now);

 private:
  static constexpr Duration kTogether = std::chrono::minutes(1);
  static constexpr Duration kRestMin = std::chrono::minutes(1);
  static constexpr Duration kRestMax = std::chrono::hours(24);
  struct State {
    bool refilling = false;
    uint64_t gave_up_at = UINT64_MAX;  // the model's wakes when nothing was left to evict
    // What the last evictions were, all within kTogether, and the node's quota then.
    uint64_t evicted = 0;  // bytes
    uint64_t quota_then = 0;
    MonotonicTime evicted_at;
    Duration rest = kRestMin;
    MonotonicTime rest_until;
  };
  bool rests(NodeIndex node, MonotonicTime now);
  void refill(NodeIndex node, MonotonicTime now);

  Actions& actions_;
  std::vector<State> states_;
};

}  // namespace fsdfs::master
