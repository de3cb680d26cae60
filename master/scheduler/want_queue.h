// WantQueue: which file gets a copy next: the one with min(K-N); ties: fewest copies, most wanted, lowest
// inode.
//
// Two fronts over all files: the main one, and a lane of their own for files with one live copy and N >= 2,
// so that a file with a huge target never keeps an endangered one waiting. A file that could not be placed is
// parked: it is in neither until the model's generation grows. Not thread-safe.
#pragma once

#include <optional>

#include "master/scheduler/front.h"
#include "master/scheduler/model.h"
#include "master/scheduler/outlook.h"

namespace fsdfs::master {

class WantQueue {
 public:
  explicit WantQueue(const Model& model) : model_(model) {}

  // The file's place as of now; none when it wants nothing, cannot be copied, or is parked.
  std::optional<Front::Entry> entry(Slot slot, const FileRecord& record, const Counts& counts) const;
  bool endangered(const FileRecord& record, const Counts& counts) const;

  void offer(Slot slot, const FileRecord& record, const Counts& counts);

  struct Pick {
    Slot slot = kNoSlot;
    bool lane = false;
  };
  // Takes the next file out, lane and main in turn. None: the fronts are dry; see dry().
  std::optional<Pick> pick();
  // Nothing to pick, but a sweep may find more.
  bool needs_sweep() const;

  void begin_sweep();
  // False: it wants a place, but has no chance of one by the outlook; it is left out and to be parked.
  bool sweep_offer(Slot slot, const FileRecord& record, const Counts& counts, Outlook& outlook);
  void end_sweep();
  size_t resident_bytes() const { return main_.resident_bytes() + lane_.resident_bytes(); }

 private:
  std::optional<Slot> pop_valid(Front& front, bool lane);

  const Model& model_;
  Front main_, lane_;
  bool lane_turn_ = true;
};

}  // namespace fsdfs::master
