// ScrubDesk: brings operators' wish to have everything read and checked to the nodes, and counts the files of
// which only bad copies are left. Nothing survives it: a node that takes the order keeps it by itself.
//
// Part of the control loop; on its thread only.
#pragma once

#include <cstdint>
#include <vector>

#include "master/control/control_context.h"

namespace fsdfs::master {

struct ScrubStarted {
  uint64_t request = 0;              // ScrubReport::answered of a node reaches it when its pass is done
  std::vector<NodeRecord> told;      // they begin
  std::vector<NodeRecord> not_told;  // they do not attend
};

class ScrubDesk {
 public:
  // How many quarantined replicas are looked at in one count.
  static constexpr size_t kCountedMax = 10'000;

  explicit ScrubDesk(ControlContext& context) : context_(context), epoch_(context.store.epoch()) {}

  // None named: all that are not dead.
  ScrubStarted start(const std::vector<NodeId>& nodes);
  // Files with a bad copy and no whole one on a node that is not dead.
  size_t only_bad_copies() const;

 private:
  ControlContext& context_;
  const Epoch epoch_;  // in which this process began
  uint64_t requests_ = 0;
};

}  // namespace fsdfs::master
