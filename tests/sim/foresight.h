// Foresight: at rest, what the scheduler says would happen is held against what then does.
//
// Asks what if a node were lost, or one were added; lets it happen; waits for rest again.
#pragma once

#include <string>

#include "tests/sim/world.h"

namespace fsdfs::sim {

// Empty when all is well. Leaves the world at rest.
std::string check_foresight(World& world);

}  // namespace fsdfs::sim
