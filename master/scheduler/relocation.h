// Relocation: makes way for a file that no eviction can help, by moving a copy of another file first.
//
// Say t is below its target and lacks node B; what B holds is less than two copies better off than t, so
// nothing there may give way. One of those files, u, is at least one better off than t; and on a node A,
// which is no use to t because it has t already, lies a copy w that is two better off than t. So w gives way
// to t by way of u: u is copied to A in its place, and with one copy more u may give way to t on B, as any
// file may.
//
// Why this ends: take all files' K-N in ascending order. Every copy and every eviction by invariant 2 makes
// that list greater (lexicographically). A relocation takes from w and gives to u only where w stays no worse
// off than u was, so it never makes the list smaller, and leaves u as a victim for t: the next step makes it
// greater. It leaves A's free room as it was, or at least the reserve.
//
// Only what may give up a copy as it is, min_copies and last copies considered, is moved. One step of this
// kind reaches the best min(K-N) of all small swarms that tests/sim tries; longer chains are not looked for.
// Few files at a time, those worst off. Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "master/scheduler/actions.h"
#include "master/scheduler/placement.h"
#include "master/scheduler/throttle.h"

namespace fsdfs::master {

class Relocation {
 public:
  Relocation(Actions& actions, const Throttle& throttle, const Placement& placement, const Refusals& refusals)
      : actions_(actions), throttle_(throttle), placement_(placement), refusals_(refusals) {}

  // The file wants a copy and has no chance of one.
  void note_stuck(Slot slot, const FileRecord& record, const Counts& counts);

  struct Move {
    Slot helped = kNoSlot;      // t
    Slot moved = kNoSlot;       // u
    NodeIndex to = kNoNode;     // A
    std::vector<Slot> victims;  // there
  };
  // For the next of the stuck files that can be helped; none when there is none now.
  std::optional<Move> next();
  // The copy of the moved file is on its way.
  void began(const Move& move, uint64_t job);

 private:
  struct Stuck {
    Units need = 0;
    Slot slot = kNoSlot;
    uint64_t inode = 0;
  };
  enum class Answer : uint8_t { kFound, kNo, kLater };
  bool still_stuck(const Stuck& stuck) const;
  Answer search(const Stuck& stuck, Move& move);
  Answer search_from(const Stuck& stuck, NodeIndex from, const std::vector<NodeIndex>& to, Move& move);
  Answer try_move(const Stuck& stuck, Slot moved, NodeIndex to, Move& move);
  // Nodes that have the file and something to give up that it may take.
  Answer find_donors(const Stuck& stuck, std::vector<NodeIndex>& donors);

  Actions& actions_;
  const Throttle& throttle_;
  const Placement& placement_;
  const Refusals& refusals_;
  std::vector<Stuck> stuck_;                // worst off first
  NodeIndex cursor_ = 0;                    // the node looked at last
  size_t looks_left_ = 0;                   // of the search under way
  std::map<uint64_t, uint64_t> under_way_;  // helped inode -> copy job of the moved file
};

}  // namespace fsdfs::master
