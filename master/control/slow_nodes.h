// SlowNodes: which nodes' disks take far longer than those of the others, by what nodes report. Reads and new
// copies pass such a node over while others can serve.
//
// A node is slow from kTimesSlower times the median of the other nodes on, and no longer below half of that.
// What is under kNeverSlowMs is never slow. A node that is passed over has nothing to measure: what it last
// measured counts half after each kHalfLife, so that it is tried again. Pure; part of the control loop, on
// its thread only.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"

namespace fsdfs::master {

class SlowNodes {
 public:
  static constexpr double kTimesSlower = 10;
  static constexpr double kNeverSlowMs = 20;
  static constexpr Duration kHalfLife = std::chrono::seconds(30);
  static constexpr Duration kLookInterval = std::chrono::seconds(1);

  // A report: the mean time of its disk's operations since the one before, in milliseconds; 0: there were
  // none.
  void note(const NodeId& node, double disk_ms, MonotonicTime now);
  void forget(const NodeId& node) { nodes_.erase(node); }

  // Those that have become slow, or are so no more. Looks once each kLookInterval.
  std::vector<NodeId> advance(MonotonicTime now);
  bool slow(const NodeId& node) const;

 private:
  struct Disk {
    double ms = 0;  // smoothed
    MonotonicTime at;
    bool slow = false;
  };
  // Of the others than `node`; none: there is no other.
  std::optional<double> usual_ms(const NodeId& node) const;

  std::map<NodeId, Disk> nodes_;
  MonotonicTime looked_at_;
};

}  // namespace fsdfs::master
