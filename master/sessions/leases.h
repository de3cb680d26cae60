// Leases: which open sessions have not been heard of for too long. A pure table; time comes in. Owned by the
// control loop. What it holds is rebuilt from the session rows at a start of the master, each with a full
// lease.
#pragma once

#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"

namespace fsdfs::master {

class Leases {
 public:
  explicit Leases(Duration length) : length_(length) {}

  // Starts or renews.
  void renew(SessionId session, MonotonicTime now) {
    end(session);
    MonotonicTime deadline = now + length_;
    deadlines_[session] = deadline;
    order_.emplace(deadline, session);
  }
  // Renews a lease that has not been taken as run out yet; false: there is none.
  bool renew_known(SessionId session, MonotonicTime now) {
    if (!deadlines_.contains(session)) return false;
    renew(session, now);
    return true;
  }
  void end(SessionId session) {
    auto found = deadlines_.find(session);
    if (found == deadlines_.end()) return;
    order_.erase({found->second, session});
    deadlines_.erase(found);
  }
  // Takes those whose time has passed, longest ago first.
  std::vector<SessionId> take_expired(MonotonicTime now) {
    std::vector<SessionId> expired;
    while (!order_.empty() && order_.begin()->first <= now) {
      expired.push_back(order_.begin()->second);
      deadlines_.erase(order_.begin()->second);
      order_.erase(order_.begin());
    }
    return expired;
  }
  size_t size() const { return deadlines_.size(); }

 private:
  const Duration length_;
  std::unordered_map<SessionId, MonotonicTime> deadlines_;
  std::set<std::pair<MonotonicTime, SessionId>> order_;
};

}  // namespace fsdfs::master
