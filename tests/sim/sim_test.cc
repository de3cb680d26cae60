// The simulator in the everyday test run: a few whole seeds, the seeds of every special kind of swarm, and
// many small swarms against the optimum. Most seeds are run by fsdfs_sim (CMakeLists.txt).
#include <gtest/gtest.h>

#include "tests/sim/optimum.h"
#include "tests/sim/rest_checker.h"
#include "tests/sim/run.h"
#include "tests/sim/world.h"

namespace fsdfs::sim {
namespace {

TEST(Simulation, AFewSeeds) {
  Tally tally;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    RunResult result = run(plan_from_seed(seed));
    EXPECT_EQ(result.failure, "");
    tally.add(result.tally);
  }
  std::printf("%s\n", tally.to_string().c_str());
  // A simulation in which nothing happens would prove nothing.
  for (const char* what :
       {"copy below target", "copy endangered", "copy draining", "copy fill", "evict for file",
        "evict for session", "evict for reserve", "delete old version", "delete removed file",
        "delete repeated", "cancel", "node dead", "session granted", "session refused",
        "event: master restarts", "event: master recovers", "trash emptied for room"}) {
    EXPECT_GT(tally.of(what), 0U) << what;
  }
}

TEST(Simulation, TheSameSeedGivesTheSameRun) {
  RunResult first = run(plan_from_seed(7)), second = run(plan_from_seed(7));
  EXPECT_EQ(first.tally.to_string(), second.tally.to_string());
  EXPECT_EQ(first.simulated_ms, second.simulated_ms);
}

TEST(Simulation, EverySeedIsBigEnough) {
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    Plan plan = plan_from_seed(seed);
    EXPECT_GE(plan.nodes, 20) << seed;
    EXPECT_GE(plan.files, 500) << seed;
    EXPECT_GE(plan.events, 2000) << seed;
  }
}

}  // namespace
}  // namespace fsdfs::sim
