// Decider: takes the neediest file and finds a place for one more copy of it, by eviction if need be.
//
// A file that only a limit holds back waits aside until the next tick; one that has no place at all is parked
// until something changes that could help. Neither keeps the next file from its turn. Not thread-safe.
#pragma once

#include <optional>
#include <vector>

#include "master/scheduler/actions.h"
#include "master/scheduler/outlook.h"
#include "master/scheduler/placement.h"
#include "master/scheduler/relocation.h"
#include "master/scheduler/throttle.h"

namespace fsdfs::master {

class Decider {
 public:
  Decider(Actions& actions, WantQueue& wants, Throttle& throttle, Placement& placement, Outlook& outlook,
          Outlook& free_outlook, Relocation& relocation)
      : actions_(actions),
        wants_(wants),
        throttle_(throttle),
        placement_(placement),
        outlook_(outlook),
        free_outlook_(free_outlook),
        relocation_(relocation) {}

  // Orders the copies whose space has become free; gives up those that cannot come about any more.
  void start_waiting(MonotonicTime now);
  // Decides until nothing is left to do now or `most` files were looked at. Returns how many were.
  size_t decide(size_t most, MonotonicTime now);
  // Makes way for the worst off of the files that fit nowhere.
  void relocate(MonotonicTime now);
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
    NodeIndex node = kNoNode;  // kHeld: the one whose limit it waits for, if it is one
    std::vector<Slot> victims;
    CopyCause cause = CopyCause::kBelowTarget;
    Units need = 0;
  };
  // What decide would do with the file, by the outlook of now; nothing is changed.
  Plan plan(Slot slot, bool lane);

 private:
  // Evicts for the reason given, and promises the file its copy; returns the job.
  uint64_t carry_out(Slot slot, const Plan& plan, const Actions::Reason& reason, MonotonicTime now);
  Plan plan_eviction(Plan plan, const FileRecord& record, bool keep_reserve,
                     const std::vector<Placement::Candidate>& candidates);
  Verdict glance(const FileRecord& record);
  bool start(CopyJob& job, MonotonicTime now);

  Actions& actions_;
  WantQueue& wants_;
  Throttle& throttle_;
  Placement& placement_;
  Outlook& outlook_;       // of all nodes: without a chance there the file is parked
  Outlook& free_outlook_;  // of those below their limits: without a chance there it is held
  Relocation& relocation_;
  struct Held {
    Slot slot;
    NodeIndex waits_for;  // a free place there; kNoNode: any change
  };
  std::vector<Held> held_;
};

}  // namespace fsdfs::master
