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

// A few nodes of a few equal slots, files that all fit into one slot: everything can be tried.
class SmallSwarm {
 public:
  explicit SmallSwarm(uint64_t seed) : plan_(plan_without_floors(seed)), world_(plan_, {}) {
    Random random(seed);
    for (int file = 0; file < plan_.files; ++file) {
      world_.begin_session(false, 0, false, plan_.unit, random.between(1, 4));
    }
  }
  bool rests() { return world_.rest() && world_.checker().failure().empty(); }
  std::optional<int> best() {
    std::vector<int> slots;
    for (const Checker::Node& node : world_.checker().nodes()) {
      slots.push_back(static_cast<int>(node.info.quota / plan_.unit));
    }
    std::vector<OptimumFile> files;
    for (const Checker::File& file : world_.checker().files()) {
      if (!file.known) continue;
      files.push_back({static_cast<int>(file.info.target), 1});
    }
    return best_min_surplus(slots, files);
  }
  master::Health health() { return world_.master().scheduler().health(); }
  uint64_t relocations() { return world_.tally().of("copy to make way"); }
  std::string describe() const { return plan_.describe(); }

 private:
  static Plan plan_without_floors(uint64_t seed) {
    Plan plan = small_plan_from_seed(seed);
    plan.scheduler.min_copies = 1;
    return plan;
  }
  Plan plan_;
  World world_;
};

TEST(SmallSwarms, ReachTheBestMinSurplusThereIs) {
  int compared = 0;
  uint64_t relocations = 0;
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    SmallSwarm swarm(seed);
    ASSERT_TRUE(swarm.rests()) << swarm.describe();
    std::optional<int> best = swarm.best();
    if (!best || !swarm.health().has_surplus) continue;
    ++compared;
    relocations += swarm.relocations();
    EXPECT_EQ(swarm.health().min_surplus, *best) << swarm.describe();
  }
  EXPECT_GT(compared, 400);
  EXPECT_GT(relocations, 0U);
}

// Too full for all targets, so that copies are moved out of each other's way; then a node dies.
Plan tight_plan(uint64_t seed) {
  Random random(seed);
  Plan plan;
  plan.seed = seed;
  plan.nodes = random.between(3, 8);
  plan.files = random.between(5, 40);
  plan.events = 0;
  plan.calm_nodes = true;
  plan.equal_sizes = seed % 2 == 0;
  plan.fullness = 0.3 + 0.4 * random.unit();
  plan.scheduler.min_copies = random.between(1, 2);
  plan.scheduler.write_reserve = seed % 4 == 0 ? 0.1 : 0;
  plan.scheduler.fill = seed % 5 != 0;
  plan.liveness = {std::chrono::seconds(2), 3, std::chrono::seconds(20)};
  return plan;
}

std::string rest(World& world) {
  if (!world.rest()) return "no rest:" + world.latest_orders();
  if (!world.checker().failure().empty()) return world.checker().failure();
  std::string wrong = check_rest(world.checker());
  return wrong.empty() ? check_health(world.checker(), world.master().scheduler().health()) : wrong;
}

TEST(TightSwarms, ComeToRestWhateverIsMovedOutOfTheWay) {
  uint64_t relocations = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    World world(tight_plan(seed), {});
    Random random(seed ^ 0x71647);
    for (int file = 0; file < world.plan().files; ++file) {
      uint64_t size = world.plan().unit * (world.plan().equal_sizes ? 1 : 1 + random.below(3));
      double target = random.between(1, 4) + (seed % 3 == 0 ? 0.5 * random.between(0, 1) : 0);
      world.begin_session(false, 0, false, size, target);
    }
    ASSERT_EQ(rest(world), "") << world.plan().describe();
    if (size_t node = world.pick_up_node(); node != kNone) world.kill_node(node);
    ASSERT_EQ(rest(world), "") << world.plan().describe();
    ASSERT_TRUE(world.nothing_moves(1'000)) << world.plan().describe() << world.latest_orders();
    relocations += world.tally().of("copy to make way");
  }
  EXPECT_GT(relocations, 20U);
}

}  // namespace
}  // namespace fsdfs::sim
