// What a report says of the scrubber. Functions without state.
#pragma once

#include "fsdfs/registry.pb.h"
#include "node/scrub/scrubber.h"

namespace fsdfs::node {

inline constexpr size_t kVerifiedInReport = 1024;

// A pass is told as answered only once the master has acknowledged the changes that it led to: whoever waits
// for it then finds in the master's records what was bad.
v1::ScrubProgress scrub_progress(const ScrubFigures& figures, const ChangeLog& changes);

// Moves the oldest of what was verified into the report. False: there is none.
bool take_verified(VerifiedLog& verified, v1::Report& report);

}  // namespace fsdfs::node
