// Reconciliation: how far one attendance is with telling what its node holds: which ranges have come, which
// spans of them were asked for and have yet to come as pages, in the order in which the node will name them.
// A plain value of the attendance desk.
//
// What comes must go on where the last message ended, so that no id is passed over: a row that was never
// spoken of would count for a copy that may not be there.
#pragma once

#include <deque>

#include "master/control/node_messages.h"

namespace fsdfs::master {

class Reconciliation {
 public:
  // False, here and below: it does not follow what came before, and nothing has changed.
  bool ranges_came(const InventoryRanges& told) {
    if (told.after != told_) return false;
    told_ = told.ranges.back().last;
    return true;
  }
  void asked_for(const ReplicaSpan& span) { asked_.push_back(span); }
  bool page_came(const ReplicaSpan& part) {
    if (asked_.empty() || part.after != asked_.front().after || part.last > asked_.front().last) return false;
    asked_.front().after = part.last;
    if (part.last == asked_.front().last) asked_.pop_front();
    return true;
  }
  // Every id has been spoken of.
  bool complete() const { return told_ == kReplicaIdMax && asked_.empty(); }

 private:
  ReplicaId told_;                 // ranges have come up to here
  std::deque<ReplicaSpan> asked_;  // of the first one, what has not come yet
};

}  // namespace fsdfs::master
