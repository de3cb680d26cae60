// Throttle: how many copies may be under way, and how fast they may be begun.
//
// Copies at once, in and out of each node; bytes per second into each node and over the swarm, as a credit
// that refills with time and that one copy may overdraw, so that a file of any size gets through. A node
// whose foreground is slow halves its share of the limits with each report, and wins it back step by step.
// Not thread-safe.
#pragma once

#include "master/scheduler/model.h"

namespace fsdfs::master {

class Throttle {
 public:
  explicit Throttle(Model& model) : model_(model) {}

  void advance(MonotonicTime now);  // refills the credits
  // At each report of the node.
  void pace(NodeIndex node, bool foreground_slow);

  // `lane`: for an endangered file; one place at every node is kept for those.
  bool can_take(NodeIndex node, bool lane) const;
  int places(NodeIndex node) const;  // free ones for copies into the node, the lane's aside
  bool can_give(NodeIndex node) const;
  // Some node could take a copy at all.
  bool any_can_take() const;
  void spend(NodeIndex target, uint64_t bytes);

 private:
  Model& model_;
  bool begun_ = false;
  MonotonicTime now_{};
  double swarm_credit_ = 0;
};

}  // namespace fsdfs::master
