// WhatIf: what would become of the swarm's health if a node were lost, or one were added (`fsdfs whatif`).
//
// One walk over all files, about as long as reading their records takes (0.2 s for 10 million files of three
// copies; bench/scheduler_bench prints it), and arithmetic over what it counted. Changes nothing.
//
// What holds right away is exact. What copying comes to in the end is reckoned with all room as one: files
// are raised to a common level of K-N until the bytes are used up, as if any copy fitted anywhere. That is
// never worse than what the scheduler reaches while nothing else changes, and is what it reaches but for
// fragments of room that fit no file. `exact` says when no such fragment can be in the way.
#pragma once

#include <cstdint>
#include <optional>

#include "common/ids.h"

namespace fsdfs::master {

struct Model;

struct WhatIf {
  // Over all files that health counts, and over those whose N the nodes could hold; none without files.
  struct MinSurplus {
    std::optional<double> all, uncapped;
    friend bool operator==(const MinSurplus&, const MinSurplus&) = default;
  };
  MinSurplus now;
  MinSurplus right_away;  // before anything is copied
  MinSurplus settled;     // the goal: once all copying is done

  uint64_t files_lost = 0;      // that have their last live copy there
  uint64_t files_left_one = 0;  // that fall from more copies to one

  // What it takes until each file has its N, or as many copies as there are nodes for it; copies under way
  // now are among them, spare copies beyond N are not.
  uint64_t copies = 0;
  uint64_t bytes = 0;
  uint64_t room = 0;  // for them: free, or held by spare copies and the trash
  bool fits = false;

  // False: `settled` and `fits` are estimates, rather too good than too bad.
  bool exact = false;
};

// The node is lost with all it holds, as `fsdfs node remove --force` or its death would have it.
WhatIf what_if_lost(const Model& model, NodeId node);  // which must be known
// An empty active node of this quota joins, in a zone of its own.
WhatIf what_if_added(const Model& model, uint64_t quota);

}  // namespace fsdfs::master
