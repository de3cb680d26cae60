// Sweep: a walk over all files, in bounded steps, for all that no single file's event tells.
//
// A pass counts every file anew after nodes died or came back, refills the queues with the best of all files,
// builds the lists of victims that were asked for, finds the per-node figures, strips the records of removed
// nodes, and gives purged files another chance to be deleted. Events between two steps are not missed:
// whatever changes is offered to the queues as it changes.
//
// A pass that somebody waits for begins at once. One that only looks whether parked files fit somewhere by
// now, as any room that gets free may make them, waits after the last one for as long as kFilesPerPause says:
// in a swarm that is full and in use room gets free all the time, and the thread has better things to do. Not
// thread-safe.
#pragma once

#include <vector>

#include "master/scheduler/actions.h"
#include "master/scheduler/deletions.h"
#include "master/scheduler/relocation.h"

namespace fsdfs::master {

class Sweep {
 public:
  Sweep(Actions& actions, WantQueue& wants, Deletions& deletions, Outlook& outlook, Relocation& relocation)
      : actions_(actions), wants_(wants), deletions_(deletions), outlook_(outlook), relocation_(relocation) {}

  void request() { requested_ = true; }
  // Removed: its index is freed when a whole pass has stripped it.
  void node_removed(NodeIndex node) { leaving_.push_back(node); }
  // A pass is under way, or to begin by now.
  bool due(MonotonicTime now) const { return running_ || urgent() || (woken() && now >= rests_until_); }
  // A pass that was asked for is under way or to come: figures may lag.
  bool awaited() const { return urgent() || (running_ && awaited_); }
  bool running() const { return running_; }
  // Looks at no more than `most` files; returns how many. Begins a pass when one is due.
  size_t work(size_t most, MonotonicTime now);

 private:
  // Files looked at for each millisecond of rest.
  static constexpr size_t kFilesPerPause = 1000;

  struct NodeFigures {
    bool has_max = false;
    Units max = 0;
    uint64_t drain_left = 0, only_copies = 0;
    bool drains = false;  // since before the pass
  };
  bool urgent() const;
  bool woken() const { return actions_.model().woken; }
  void begin();
  void look_at(Slot slot);
  void strip(FileRecord& record);
  void add_figures(const FileRecord& record, const Counts& counts);
  void end(MonotonicTime now);

  Actions& actions_;
  WantQueue& wants_;
  Deletions& deletions_;
  Outlook& outlook_;
  Relocation& relocation_;
  bool requested_ = false;
  bool running_ = false;
  bool awaited_ = false;  // the pass under way
  MonotonicTime rests_until_;
  Slot cursor_ = 0;
  std::vector<NodeIndex> leaving_;     // waiting for a pass
  std::vector<NodeIndex> being_left_;  // by the pass under way
  std::vector<NodeFigures> figures_;
};

}  // namespace fsdfs::master
