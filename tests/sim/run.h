// run: one seed from beginning to rest, with everything that is checked.
#pragma once

#include <string>

#include "tests/sim/plan.h"
#include "tests/sim/tally.h"

namespace fsdfs::sim {

struct RunResult {
  std::string failure;  // empty: all is well; otherwise begins with the plan, and so with the seed
  Tally tally;
  int64_t simulated_ms = 0;
};

RunResult run(const Plan& plan, const master::SchedulerGuards& guards = {});

}  // namespace fsdfs::sim
