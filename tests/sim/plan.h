// Plan: what a seed stands for: how big the swarm, how skewed the files, which settings. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "master/registry/liveness.h"
#include "master/scheduler/types.h"
#include "tests/sim/random.h"

namespace fsdfs::sim {

struct Plan {
  uint64_t seed = 0;
  int nodes = 20;
  int zones = 1;
  int files = 500;  // created in all
  int events = 2'000;
  bool equal_sizes = false;  // of files, and slots of nodes
  uint64_t unit = 1'000;     // the usual file size
  double fullness = 0.5;     // first copies of all files, as a share of all quotas
  bool fractional_targets = false;
  bool calm_nodes = false;     // no deaths, no changes of nodes
  int64_t step_ms = 500;       // from tick to tick
  int64_t event_gap_ms = 200;  // at most, from event to event
  int64_t retention_ms = 0;    // of the trash; 0: longer than the run
  master::SchedulerSettings scheduler;
  master::LivenessSettings liveness;

  std::string describe() const;
};

// At least 20 nodes, 500 files and 2,000 events.
Plan plan_from_seed(uint64_t seed);
// A few nodes with a few equal slots, for comparison with the optimum.
Plan small_plan_from_seed(uint64_t seed);

double draw_target(const Plan& plan, Random& random);
uint64_t draw_size(const Plan& plan, Random& random);
uint64_t draw_quota(const Plan& plan, Random& random);

}  // namespace fsdfs::sim
