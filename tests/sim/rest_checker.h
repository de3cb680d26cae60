// RestChecker: at rest, nothing that is allowed and would help has been left undone, and the scheduler's
// figures are those of the checker's books. Shares no code with the scheduler.
#pragma once

#include <string>
#include <vector>

#include "master/scheduler/types.h"
#include "tests/sim/checker.h"

namespace fsdfs::sim {

// Empty when all is well.
std::string check_rest(const Checker& books);
std::string check_health(const Checker& books, const master::Health& health);
std::string check_nodes(const Checker& books, const std::vector<master::NodeView>& nodes);

}  // namespace fsdfs::sim
