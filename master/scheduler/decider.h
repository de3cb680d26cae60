// Decider: takes the neediest file and finds a place for one more copy of it, by eviction if need be.
//
// A file that only a limit holds back waits aside until the next tick; one that has no place at all is parked
// until something changes that could help. Neither keeps the next file from its turn. Not thread-safe.
#pragma once

#include <optional>
#include <vector>

#include "master/scheduler/actions.h"
#include "master/scheduler/placement.h"
#include "master/scheduler/throttle.h"

namespace fsdfs::master {

class Decider {
 public:
  Decider(Actions& actions, WantQueue& wants, Throttle& throttle, Placement& placement)
      : actions_(actions), wants_(wants), throttle_(throttle), placement_(placement) {}

  // Orders the copies whose space has become free; gives up those that cannot come about any more.
  void start_waiting(MonotonicTime now);
  // Decides until nothing is left to do now or `most` files were looked at. Returns how many were.
  size_t decide(size_t most, MonotonicTime now);
  // The files set aside get their turn again.
  void retry_held();

  enum class Verdict : uint8_t {
    kPlaced,
    kHeld,     // a limit: try again at the next tick
    kUnknown,  // a sweep has to look for victims first
    kNowhere,
  };
  struct Plan {
    Verdict verdict = Verdict::kNowhere;
    NodeIndex node = kNoNode;
    std::vector<Slot> victims;
    CopyCause cause = CopyCause::kBelowTarget;
    Units need = 0;
  };
  // What decide would do with the file; nothing is changed.
  Plan plan(Slot slot, bool lane);

 private:
  void carry_out(Slot slot, const Plan& plan, MonotonicTime now);
  Plan plan_eviction(Plan plan, const FileRecord& record, bool keep_reserve, bool throttled);
  bool start(CopyJob& job, MonotonicTime now);

  Actions& actions_;
  WantQueue& wants_;
  Throttle& throttle_;
  Placement& placement_;
  std::vector<Slot> held_;
};

}  // namespace fsdfs::master
